//! Wrong: looks once more before it waits, which makes the gap smaller and does not close it.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use tokio::sync::Notify;

/// Counts up, and tells those who wait.
struct Counter {
    count: AtomicU32,
    news: Notify,
}

impl Counter {
    fn new() -> Counter {
        Counter {
            count: AtomicU32::new(0),
            news: Notify::new(),
        }
    }

    fn add(&self) {
        self.count.fetch_add(1, SeqCst);
        self.news.notify_waiters();
    }

    /// Waits until the counter has reached `goal`. Calls `between` after each look.
    async fn wait_for(&self, goal: u32, between: impl Fn()) {
        while self.count.load(SeqCst) < goal {
            if self.count.load(SeqCst) >= goal {
                return;
            }
            between();
            self.news.notified().await;
        }
    }
}

fn main() {}
