//! What one client asks for: checked here, done by rooms.

use std::collections::HashMap;
use std::ops::ControlFlow;

use tokio::sync::mpsc;

use crate::hub::Hub;
use crate::name::Name;
use crate::outbox::{End, Outbox};
use crate::room::{Command, ConnectionId, Member};
use crate::store::Access;
use crate::wire::{Ask, Refusal, fits};

/// So many rooms one connection may be in.
pub const MOST_ROOMS: usize = 50;

/// One connection's rooms.
pub struct Desk {
    id: ConnectionId,
    person: Name,
    outbox: Outbox,
    hub: Hub,
    rooms: HashMap<Name, mpsc::Sender<Command>>,
}

impl Desk {
    /// In no room yet.
    pub fn new(id: ConnectionId, person: Name, outbox: Outbox, hub: Hub) -> Desk {
        Desk {
            id,
            person,
            outbox,
            hub,
            rooms: HashMap::new(),
        }
    }

    /// Does what is asked, or says why not; `in_time` is false for one frame too many.
    /// Breaks if the connection has to end.
    ///
    /// Cancel safety: what is dropped half-way may or may not have been done, as if the
    /// connection had been lost. A client asks again.
    pub async fn serve(&mut self, ask: Ask, in_time: bool) -> ControlFlow<End> {
        match ask {
            Ask::Join { room, .. } if !in_time => self.refuse(&room, None, Refusal::TooFast),
            Ask::Join { room, epoch, after } => self.join(room, epoch, after).await,
            Ask::Leave { room } => self.leave(&room).await,
            Ask::Typing { room } if in_time => {
                self.send(&room, None, Command::Typing(self.id)).await;
            }
            Ask::Typing { .. } => {}
            Ask::Say { room, id, .. } if !in_time => {
                self.refuse(&room, Some(id), Refusal::TooFast);
            }
            Ask::Say { room, id, text } if !fits(&id, &text) => {
                if id.len() > crate::wire::LONGEST_ID {
                    return ControlFlow::Break(End::Policy);
                }
                self.refuse(&room, Some(id), Refusal::TooLong);
            }
            Ask::Say { room, id, text } => {
                let say = Command::Say(self.id, id.clone(), text);
                self.send(&room, Some(id), say).await;
            }
        }
        ControlFlow::Continue(())
    }

    async fn join(&mut self, room: Name, epoch: u64, after: u64) {
        if self.rooms.len() >= MOST_ROOMS && !self.rooms.contains_key(&room) {
            return self.refuse(&room, None, Refusal::TooManyRooms);
        }
        let access = self.hub.store().access(room.clone(), self.person.clone());
        match access.await {
            Ok(Access::Member(_) | Access::Owner(_)) => {}
            Ok(Access::Banned) => return self.refuse(&room, None, Refusal::Banned),
            Ok(Access::None) => return self.refuse(&room, None, Refusal::NoSuchRoom),
            Err(_) => return self.refuse(&room, None, Refusal::Unsaved),
        }
        let handle = self.hub.open(&room);
        self.rooms.insert(room.clone(), handle);
        let member = Member {
            id: self.id,
            person: self.person.clone(),
            outbox: self.outbox.clone(),
        };
        self.send(&room, None, Command::Join(member, epoch, after))
            .await;
    }

    async fn leave(&mut self, room: &Name) {
        if let Some(handle) = self.rooms.remove(room) {
            handle.send(Command::Leave(self.id, true)).await.ok();
        }
    }

    /// Leaves each room as one does whose connection is lost. It comes after all that this
    /// connection has asked for, so that no join can be left over.
    pub async fn leave_all(&mut self) {
        for (_, room) in self.rooms.drain() {
            room.send(Command::Leave(self.id, false)).await.ok();
        }
    }

    /// Waits while the room is behind: then this client's next frame isn't read yet.
    async fn send(&mut self, room: &Name, id: Option<String>, command: Command) {
        let Some(handle) = self.rooms.get(room) else {
            return self.refuse(room, id, Refusal::NotInRoom);
        };
        if handle.send(command).await.is_err() {
            self.rooms.remove(room);
            self.refuse(room, id, Refusal::NoSuchRoom);
        }
    }

    fn refuse(&self, room: &Name, id: Option<String>, why: Refusal) {
        self.hub.metrics().refused();
        self.outbox.refuse(room, id, why);
    }
}
