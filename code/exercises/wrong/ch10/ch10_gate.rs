//! Wrong: an edge: those who come after the gate was opened wait forever.

#![allow(unused_imports)]

use tokio::sync::{Notify, SetOnce};

/// Closed at first; opens once and stays open.
struct Gate {
    opened: Notify,
}

impl Gate {
    fn new() -> Gate {
        Gate {
            opened: Notify::new(),
        }
    }

    /// Opens the gate. Opening it twice does no harm.
    fn open(&self) {
        self.opened.notify_waiters();
    }

    /// Waits until the gate is open.
    async fn pass(&self) {
        self.opened.notified().await;
    }
}

fn main() {}
