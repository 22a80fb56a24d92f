//! The rooms of one server: each is opened when it's first wanted, and gone when no one needs it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::bus::{Bus, Hint};
use crate::metrics::Metrics;
use crate::name::Name;
use crate::outbox::End;
use crate::room::{COMMANDS, Command, Node, Room};
use crate::store::Store;

/// A handle to the rooms.
#[derive(Clone)]
pub struct Hub {
    node: Node,
    /// Weak: a room lives for as long as a connection holds it.
    rooms: Arc<Mutex<HashMap<Name, mpsc::WeakSender<Command>>>>,
    tasks: TaskTracker,
}

impl Hub {
    /// The rooms of a server that is joined to others by a bus. Needs a Tokio runtime.
    pub fn new(store: Store, bus: Bus, metrics: Metrics) -> Hub {
        let hub = Hub {
            node: Node {
                store,
                tell: bus.tell,
                metrics,
            },
            rooms: Arc::default(),
            tasks: TaskTracker::new(),
        };
        tokio::spawn(follow(hub.rooms.clone(), bus.hear));
        hub
    }

    // ANCHOR: open
    /// The room of this name, which must be in the store. It ends with its last handle.
    pub fn open(&self, name: &Name) -> mpsc::Sender<Command> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(name).and_then(mpsc::WeakSender::upgrade) {
            return room;
        }
        rooms.retain(|_, room| room.strong_count() > 0);
        let (room, commands) = mpsc::channel(COMMANDS);
        rooms.insert(name.clone(), room.downgrade());
        let (name, node) = (name.clone(), self.node.clone());
        self.tasks.spawn(async move {
            match Room::open(name.clone(), node).await {
                Ok(room) => room.run(commands).await,
                Err(error) => {
                    tracing::error!(room = %name, %error, "a room doesn't open");
                    send_away(commands).await;
                }
            }
        });
        room
    }
    // ANCHOR_END: open

    /// The history.
    pub fn store(&self) -> &Store {
        &self.node.store
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.node.metrics
    }

    /// How many rooms are open.
    pub fn rooms_open(&self) -> usize {
        self.tasks.len()
    }

    /// Waits until the rooms have ended, which they do when the connections have, and their
    /// last lines are saved.
    pub async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Lets those who wanted to enter come back later.
async fn send_away(mut commands: mpsc::Receiver<Command>) {
    commands.close();
    while let Some(command) = commands.recv().await {
        if let Command::Join(member, ..) = command {
            member.outbox.end(End::Restart);
        }
    }
}

/// Takes the hints of other servers to the rooms that are open.
async fn follow(
    rooms: Arc<Mutex<HashMap<Name, mpsc::WeakSender<Command>>>>,
    mut hear: mpsc::Receiver<Hint>,
) {
    while let Some(hint) = hear.recv().await {
        let rooms = rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let to: Vec<_> = match hint.room() {
            Some(room) => rooms.get(room).into_iter().collect(),
            None => rooms.values().collect(),
        };
        for room in to.into_iter().filter_map(mpsc::WeakSender::upgrade) {
            room.try_send(Command::Hint(hint.clone())).ok(); // it looks by itself, too
        }
    }
}
