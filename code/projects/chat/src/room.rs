//! A room: one task that owns who is in it, what was said last, and who hears it.
//!
//! It waits for nothing that could be slow. Lines go to the store and come back in the order in
//! which they went; what is told goes into outboxes, which are never waited for; what was missed
//! is read beside it. It ends when its last handle is dropped.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use service::trace::new_trace;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::{Instrument, Level, Span, debug, debug_span, enabled};

use crate::bus::Hint;
use crate::metrics::Metrics;
use crate::name::Name;
use crate::outbox::{Kind, Outbox};
use crate::store::{Kept, LONGEST_PAGE, NewLine, Page, RoomKey, Store, StoreError};
use crate::wire::{Line, Refusal, Told};

pub mod presence;
mod show;
mod state;

use presence::Presence;

/// So many lines a room replays to one who comes back, and no more than half of what there is
/// room for in an outbox; older ones are read as history.
pub const REPLAY: usize = LONGEST_PAGE;
/// So many lines of a room may wait for the store. Another one is refused.
const UNSAVED: usize = 512;
/// So many lines of a room are shown at once.
const TOGETHER: usize = 64;
/// So many commands wait for a room; those who send more wait.
pub const COMMANDS: usize = 256;
/// How often leases are looked at, and changes of who is here told.
pub const UPKEEP: Duration = Duration::from_millis(250);
/// How often other servers hear who is here, and the history is looked at though no hint came.
pub const HEARTBEAT: Duration = Duration::from_secs(10);
/// So many names are told of those here, and of those typing.
const NAMES: usize = 100;

/// A connection, among those of its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub u64);

/// What a room is asked for.
pub enum Command {
    /// Someone enters, and goes on after a line.
    Join(Member, u64, u64),
    /// Someone leaves; `true` if they said so.
    Leave(ConnectionId, bool),
    /// A line.
    Say(ConnectionId, String, String),
    /// A keystroke.
    Typing(ConnectionId),
    /// What another server says.
    Hint(Hint),
    /// Someone is shown the door, for good or not.
    Remove(Name, bool),
    /// Someone may come in again.
    Admit(Name),
}

/// One connection in the room.
pub struct Member {
    /// Which.
    pub id: ConnectionId,
    /// Whose.
    pub person: Name,
    /// Where its frames go.
    pub outbox: Outbox,
}

/// What each room of a server shares.
#[derive(Clone)]
pub struct Node {
    /// The history.
    pub store: Store,
    /// Where hints for other servers go.
    pub tell: mpsc::Sender<Hint>,
    /// What is counted.
    pub metrics: Metrics,
}

/// The room's task and all it owns.
pub struct Room {
    name: Name,
    key: RoomKey,
    store: Store,
    tell: mpsc::Sender<Hint>,
    metrics: Metrics,
    members: HashMap<ConnectionId, Member>,
    /// Members who have heard more, at another server, than this room knows: after which line,
    /// and how many reads of the history they wait for before anything is told to them.
    ahead: HashMap<ConnectionId, (u64, u8)>,
    presence: Presence,
    banned: HashSet<Name>,
    /// The frames of the newest lines, without a hole, the last being that of `key.last`.
    recent: VecDeque<Utf8Bytes>,
    /// Lines on their way to the disk, in their order.
    unsaved: FuturesOrdered<BoxFuture<'static, Saved>>,
    /// A read of lines that this room doesn't know yet.
    missing: Option<BoxFuture<'static, Result<Vec<Line>, StoreError>>>,
    /// The history has grown since that read began.
    look_again: bool,
}

struct Saved {
    by: ConnectionId,
    line: NewLine,
    kept: Result<Kept, StoreError>,
    /// What is logged of the line's journey, with the trace that other servers log it under.
    span: Span,
    trace: Option<String>,
}

impl Room {
    /// Reads the newest lines of a room.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn open(name: Name, node: Node) -> Result<Room, StoreError> {
        let mut key = node.store.room(name.clone()).await?;
        let page = Page::Before(u64::MAX);
        let recent = node.store.page(key, name.clone(), page, REPLAY).await?;
        key.last = recent.last().map_or(key.last, |line| line.seq);
        let frames = recent.into_iter().map(|line| Told::Line(line).frame());
        Ok(Room {
            name,
            key,
            store: node.store,
            tell: node.tell,
            metrics: node.metrics,
            members: HashMap::new(),
            ahead: HashMap::new(),
            presence: Presence::default(),
            banned: HashSet::new(),
            recent: frames.collect(),
            unsaved: FuturesOrdered::new(),
            missing: None,
            look_again: false,
        })
    }

    // ANCHOR: run
    /// Runs until the last handle is gone and the last line is saved.
    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut upkeep = interval(UPKEEP);
        upkeep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => break,
                },
                Some(saved) = together(&mut self.unsaved) => self.saved(saved),
                read = ready(&mut self.missing) => self.found(read),
                _ = upkeep.tick() => self.upkeep(),
                _ = heartbeat.tick() => self.heartbeat(),
            }
        }
        while let Some(saved) = together(&mut self.unsaved).await {
            self.saved(saved);
        }
    }
    // ANCHOR_END: run

    fn obey(&mut self, command: Command) {
        match command {
            Command::Join(member, epoch, after) => self.join(member, epoch, after),
            Command::Leave(id, for_good) => self.leave(id, for_good),
            Command::Say(id, line, text) => self.say(id, line, text),
            Command::Typing(id) => self.types(id),
            Command::Remove(name, banned) => {
                self.remove(&name, banned);
                let room = self.name.clone();
                self.hint(Hint::Removed { room, name, banned });
            }
            Command::Admit(name) => {
                self.banned.remove(&name);
                let room = self.name.clone();
                self.hint(Hint::Admitted { room, name });
            }
            Command::Hint(hint) => self.heed(hint),
        }
    }

    // ANCHOR: join
    fn join(&mut self, member: Member, epoch: u64, after: u64) {
        if self.banned.contains(&member.person) {
            return member.outbox.refuse(&self.name, None, Refusal::Banned);
        }
        let heard = if epoch == self.key.epoch { after } else { 0 };
        let id = member.id;
        self.presence.arrive(&member.person, Instant::now());
        if let Some(twice) = self.members.insert(id, member) {
            self.presence.lose(&twice.person, Instant::now());
        }
        if heard > self.key.last {
            let reads = 1 + u8::from(self.missing.is_some()); // that one may have begun too early
            self.ahead.insert(id, (heard, reads));
            self.look();
        } else {
            self.ahead.remove(&id);
            self.let_in(id, heard);
        }
    }

    /// Nothing can be said between the replay and what follows: this task does both.
    fn let_in(&self, id: ConnectionId, heard: u64) {
        let Some(member) = self.members.get(&id) else {
            return;
        };
        let last = self.key.last;
        let after = heard.clamp(last - self.replayable(&member.outbox), last);
        let joined = Told::Joined {
            room: self.name.clone(),
            epoch: self.key.epoch,
            after,
        };
        member.outbox.push(joined.frame());
        let replayed = (last - after) as usize;
        for line in self.recent.range(self.recent.len() - replayed..) {
            member.outbox.push(line.clone());
        }
        self.tell_state(Some(&member.outbox), (true, true));
    }

    /// How many of the newest lines fit into half of what is free in an outbox: lines go on
    /// coming, and one who comes back enters several rooms.
    fn replayable(&self, outbox: &Outbox) -> u64 {
        let (frames, mut bytes) = outbox.free();
        let newest = self.recent.iter().rev().take(frames / 2);
        bytes /= 2;
        let fits = |line: &&Utf8Bytes| {
            let left = bytes.checked_sub(line.len());
            bytes = left.unwrap_or(0);
            left.is_some()
        };
        newest.take_while(fits).count() as u64
    }
    // ANCHOR_END: join

    fn leave(&mut self, id: ConnectionId, for_good: bool) {
        if let Some(member) = self.members.remove(&id) {
            match for_good {
                true => self.presence.leave(&member.person, Instant::now()),
                false => self.presence.lose(&member.person, Instant::now()),
            }
        }
    }

    // ANCHOR: say
    fn say(&mut self, by: ConnectionId, id: String, text: String) {
        let Some(member) = self.members.get(&by) else {
            return;
        };
        if self.unsaved.len() >= UNSAVED {
            return member.outbox.refuse(&self.name, Some(id), Refusal::Unsaved);
        }
        let line = NewLine {
            from: member.person.clone(),
            id,
            at: now_in_milliseconds(),
            text,
        };
        let trace = enabled!(Level::DEBUG).then(new_trace);
        let span = debug_span!("line", room = %self.name, id = line.id, trace);
        let append = self.store.append(self.key, line.clone());
        let store = debug_span!(parent: &span, "store");
        self.unsaved.push_back(Box::pin(async move {
            let kept = append.instrument(store).await;
            Saved {
                by,
                line,
                kept,
                span,
                trace,
            }
        }));
    }

    /// Lines are on disk, or aren't: now they're shown, and then their senders told. Those that
    /// were answered together go into an outbox together, and are written in one go.
    fn saved(&mut self, batch: Vec<Saved>) {
        let (mut fresh, mut journeys, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        for saved in batch {
            let journey = saved.span.entered();
            let seq = saved.kept.as_ref().ok().map(|kept| kept.seq);
            answers.push((saved.by, saved.line.id.clone(), seq));
            match saved.kept {
                Ok(Kept { seq, new: true }) => {
                    debug!(seq, "kept");
                    self.presence.has_said(&saved.line.from);
                    let line = saved.line.numbered(self.name.clone(), seq);
                    if let Some(frame) = self.arrived(line) {
                        fresh.push(frame);
                        journeys.push(journey.clone());
                    }
                    let (room, trace) = (self.name.clone(), saved.trace);
                    self.hint(Hint::Grown { room, trace });
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(room = %self.name, %error, "a line isn't kept"),
            }
        }
        self.fan_out(&fresh, &journeys);
        for (by, id, seq) in answers {
            self.answer(by, id, seq);
        }
    }

    fn answer(&self, by: ConnectionId, id: String, seq: Option<u64>) {
        let Some(member) = self.members.get(&by) else {
            return;
        };
        let room = self.name.clone();
        match seq {
            Some(seq) => _ = member.outbox.push(Told::Kept { room, id, seq }.frame()),
            None => member.outbox.refuse(&room, Some(id), Refusal::Unsaved),
        }
    }
    // ANCHOR_END: say
}

/// The lines whose answers are there by now, in their order; `None` if none is under way.
///
/// Cancel safe: what it takes, it takes in the poll that returns it.
async fn together(unsaved: &mut FuturesOrdered<BoxFuture<'static, Saved>>) -> Option<Vec<Saved>> {
    unsaved.ready_chunks(TOGETHER).next().await
}

/// The future's result, once; and never one where there is no future.
async fn ready<T>(future: &mut Option<BoxFuture<'static, T>>) -> T {
    match future {
        None => std::future::pending().await,
        Some(running) => {
            let result = running.await;
            *future = None;
            result
        }
    }
}

fn now_in_milliseconds() -> u64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
