//! What is told of a room beside its lines: who is here, who is typing, who had to go.

use tokio::time::Instant;

use super::{ConnectionId, Hint, Kind, NAMES, Name, Outbox, Refusal, Room, Told};

impl Room {
    pub(super) fn types(&mut self, id: ConnectionId) {
        let Some(member) = self.members.get(&id) else {
            return;
        };
        if self.presence.types(&member.person, Instant::now()) {
            let (room, name) = (self.name.clone(), member.person.clone());
            self.hint(Hint::Typing { room, name });
        }
    }

    /// Does what another server's hint asks for.
    pub(super) fn heed(&mut self, hint: Hint) {
        let now = Instant::now();
        match hint {
            Hint::Grown { trace, .. } => {
                tracing::debug!(room = %self.name, trace, "said on another server");
                self.look();
            }
            Hint::Cut => self.look(),
            Hint::Here { names, .. } => {
                for name in names {
                    self.presence.alive_elsewhere(&name, now);
                }
            }
            Hint::Typing { name, .. } => _ = self.presence.types(&name, now),
            Hint::Removed { name, banned, .. } => self.remove(&name, banned),
            Hint::Admitted { name, .. } => _ = self.banned.remove(&name),
        }
    }

    pub(super) fn remove(&mut self, person: &Name, banned: bool) {
        if banned {
            self.banned.insert(person.clone());
        }
        let members = self.members.values();
        let theirs = members.filter(|member| member.person == *person);
        let gone: Vec<ConnectionId> = theirs.map(|member| member.id).collect();
        for id in gone {
            if let Some(member) = self.members.remove(&id) {
                member.outbox.refuse(&self.name, None, Refusal::Banned);
                self.presence.leave(person, Instant::now());
            }
        }
    }

    pub(super) fn upkeep(&mut self) {
        self.presence.expire(Instant::now());
        let changes = self.presence.take_changes();
        self.tell_state(None, changes);
    }

    pub(super) fn heartbeat(&mut self) {
        let (room, names) = (self.name.clone(), self.presence.ours());
        if !names.is_empty() {
            self.hint(Hint::Here { room, names });
        }
        self.look();
    }

    /// Tells one or all who is here, and who is typing.
    pub(super) fn tell_state(&self, to: Option<&Outbox>, (here, typing): (bool, bool)) {
        let all = self.members.values().map(|member| &member.outbox);
        let all: Vec<&Outbox> = to.map_or_else(|| all.collect(), |one| vec![one]);
        let room = self.name.clone();
        if here {
            let (names, count) = self.presence.here(NAMES);
            let frame = Told::Here {
                room: room.clone(),
                names,
                count,
            }
            .frame();
            for outbox in &all {
                outbox.replace(Kind::Here, &self.name, frame.clone());
            }
        }
        if typing {
            let names = self.presence.typing(NAMES);
            let frame = Told::Typing { room, names }.frame();
            for outbox in &all {
                outbox.replace(Kind::Typing, &self.name, frame.clone());
            }
        }
    }

    /// A hint that finds no room on the bus is lost, as hints may be.
    pub(super) fn hint(&self, hint: Hint) {
        self.tell.try_send(hint).ok();
    }
}
