//! How servers that share a history hear of each other: by hints, which may get lost.
//!
//! A hint says *look*, and what there is to see stands in the store. So a lost hint costs time
//! and no line, a doubled or forged one a read, and servers needn't agree on anything else.
//!
//! A bus is two channels, and a task that carries between them and whatever lies in the middle.
//! [`alone`] has nothing there, [`Switch`] joins servers of one process, [`redis`] those of
//! several.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::name::Name;

pub mod redis;

/// So many hints wait for a server that is behind. It loses the others.
pub const HINTS: usize = 4096;

/// What one server tells the others about a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hint {
    /// Its history has grown.
    Grown {
        /// The room.
        room: Name,
        /// The `traceparent` of the line, where lines are traced.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace: Option<String>,
    },
    /// These people are connected to the sender of the hint.
    Here {
        /// The room.
        room: Name,
        /// They.
        names: Vec<Name>,
    },
    /// This one types.
    Typing {
        /// The room.
        room: Name,
        /// The person.
        name: Name,
    },
    /// This one has been shown the door.
    Removed {
        /// The room.
        room: Name,
        /// The person.
        name: Name,
        /// Whether for good.
        banned: bool,
    },
    /// This one may come in again.
    Admitted {
        /// The room.
        room: Name,
        /// The person.
        name: Name,
    },
    /// Hints may have been lost: look everywhere.
    Cut,
}

/// One server's end of the bus.
#[derive(Debug)]
pub struct Bus {
    /// What it tells. A hint that finds no room is lost.
    pub tell: mpsc::Sender<Hint>,
    /// What it hears. Its own hints don't come back.
    pub hear: mpsc::Receiver<Hint>,
}

/// A bus with one server.
pub fn alone() -> Bus {
    Switch::default().join()
}

/// Joins servers of one process, as tests need it.
#[derive(Clone, Debug, Default)]
pub struct Switch(Arc<Mutex<Vec<mpsc::Sender<Hint>>>>);

impl Switch {
    /// One more server. Needs a Tokio runtime.
    pub fn join(&self) -> Bus {
        let (tell, mut told) = mpsc::channel::<Hint>(HINTS);
        let (heard, hear) = mpsc::channel(HINTS);
        self.servers().push(heard.clone());
        let switch = self.clone();
        tokio::spawn(async move {
            let is_other = |server: &mpsc::Sender<Hint>| !server.same_channel(&heard);
            while let Some(hint) = told.recv().await {
                let servers = switch.servers();
                for server in servers.iter().filter(|server| is_other(server)) {
                    server.try_send(hint.clone()).ok(); // hints may get lost
                }
            }
            switch.servers().retain(is_other);
        });
        Bus { tell, hear }
    }

    fn servers(&self) -> std::sync::MutexGuard<'_, Vec<mpsc::Sender<Hint>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hint {
    /// The room that it is about; `None` if about all.
    pub fn room(&self) -> Option<&Name> {
        match self {
            Hint::Grown { room, .. }
            | Hint::Here { room, .. }
            | Hint::Typing { room, .. }
            | Hint::Removed { room, .. }
            | Hint::Admitted { room, .. } => Some(room),
            Hint::Cut => None,
        }
    }
}
