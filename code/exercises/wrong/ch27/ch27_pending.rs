//! Wrong: one notification for the end, and so one of those who wait hears of it.

use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

#[derive(Default)]
struct Pending {
    count: Mutex<usize>,
    changed: Notify,
}

/// A piece of work that isn't done yet.
struct Piece(Arc<Pending>);

impl Pending {
    fn begin(self: &Arc<Self>) -> Piece {
        *self.count.lock().unwrap() += 1;
        Piece(self.clone())
    }
}

impl Pending {
    /// Waits until nothing is pending.
    async fn idle(&self) {
        while *self.count.lock().unwrap() > 0 {
            self.changed.notified().await;
        }
    }
}

impl Piece {
    /// More work, found by this piece.
    fn child(&self) -> Piece {
        self.0.begin()
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let mut count = self.0.count.lock().unwrap();
        *count -= 1;
        if *count == 0 {
            self.0.changed.notify_one();
        }
    }
}

fn main() {}
