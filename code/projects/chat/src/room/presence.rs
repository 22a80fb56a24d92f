//! Who is in a room, and who is typing: leases, counted by moments that the caller gives.
//!
//! A person is here while one of their connections is, on this server or on another. When the
//! last one is lost, they stay for a grace, so that a short tunnel shows no coming and going. Of
//! another server we hear now and then that its people are alive; one that is dead falls silent.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::name::Name;

/// One whose last connection was lost is here for so long yet.
pub const GRACE: Duration = Duration::from_secs(10);
/// What another server says about its people holds for so long.
pub const LEASE: Duration = Duration::from_secs(30);
/// One keystroke counts as typing for so long.
pub const TYPING: Duration = Duration::from_secs(5);

/// The people of one room.
#[derive(Debug, Default)]
pub struct Presence {
    people: BTreeMap<Name, Person>,
    typing: BTreeMap<Name, Instant>,
    here_changed: bool,
    typing_changed: bool,
}

#[derive(Debug)]
struct Person {
    /// Connections to this server.
    connections: usize,
    /// Here until then, if there's no connection.
    until: Instant,
}

// ANCHOR: presence
impl Presence {
    /// A connection of this person begins.
    pub fn arrive(&mut self, name: &Name, now: Instant) {
        self.person(name, now).connections += 1;
    }

    /// A connection is lost: the person stays for the grace.
    pub fn lose(&mut self, name: &Name, now: Instant) {
        if let Some(person) = self.people.get_mut(name) {
            person.connections = person.connections.saturating_sub(1);
            person.until = person.until.max(now + GRACE);
        }
    }

    /// The person says goodbye on one connection. On the last, it counts at once.
    pub fn leave(&mut self, name: &Name, now: Instant) {
        if let Some(person) = self.people.get_mut(name) {
            person.connections = person.connections.saturating_sub(1);
            person.until = now;
        }
        self.expire(now);
    }

    /// Another server has this person.
    pub fn alive_elsewhere(&mut self, name: &Name, now: Instant) {
        self.person(name, now).until = now + LEASE;
    }

    /// This person is typing. Says whether others are to be told, which at most one in
    /// half a [`TYPING`] is.
    pub fn types(&mut self, name: &Name, now: Instant) -> bool {
        let until = self.typing.get(name).copied();
        if until.is_some_and(|until| until > now + TYPING / 2) {
            return false;
        }
        self.typing_changed |= until.is_none();
        self.typing.insert(name.clone(), now + TYPING);
        true
    }

    /// This person has said what they were typing.
    pub fn has_said(&mut self, name: &Name) {
        self.typing_changed |= self.typing.remove(name).is_some();
    }

    /// Ends what has run out.
    pub fn expire(&mut self, now: Instant) {
        let before = (self.people.len(), self.typing.len());
        self.people
            .retain(|_, person| person.connections > 0 || person.until > now);
        let people = &self.people;
        self.typing
            .retain(|name, until| *until > now && people.contains_key(name));
        self.here_changed |= self.people.len() < before.0;
        self.typing_changed |= self.typing.len() < before.1;
    }

    fn person(&mut self, name: &Name, now: Instant) -> &mut Person {
        self.here_changed |= !self.people.contains_key(name);
        self.people.entry(name.clone()).or_insert(Person {
            connections: 0,
            until: now,
        })
    }
}
// ANCHOR_END: presence

impl Presence {
    /// The first of those here, and how many they are.
    pub fn here(&self, most: usize) -> (Vec<Name>, usize) {
        let names = self.people.keys().take(most).cloned().collect();
        (names, self.people.len())
    }

    /// The first of those typing.
    pub fn typing(&self, most: usize) -> Vec<Name> {
        self.typing.keys().take(most).cloned().collect()
    }

    /// Those who are connected to this server.
    pub fn ours(&self) -> Vec<Name> {
        let people = self.people.iter();
        let ours = people.filter(|(_, person)| person.connections > 0);
        ours.map(|(name, _)| name.clone()).collect()
    }

    /// Whether those here, and those typing, are others than at the last call.
    pub fn take_changes(&mut self) -> (bool, bool) {
        let changes = (self.here_changed, self.typing_changed);
        (self.here_changed, self.typing_changed) = (false, false);
        changes
    }
}
