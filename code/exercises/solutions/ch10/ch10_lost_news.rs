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
        loop {
            let changed = self.news.notified();
            if self.count.load(SeqCst) >= goal {
                return;
            }
            between();
            changed.await;
        }
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::timeout;

    const HOUR: Duration = Duration::from_secs(3600);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_goal_that_is_reached_already_needs_no_wait() {
        let counter = Counter::new();
        counter.add();
        assert!(timeout(HOUR, counter.wait_for(1, || {})).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_goal_that_is_not_reached_is_waited_for() {
        let counter = Counter::new();
        counter.add();
        assert!(timeout(HOUR, counter.wait_for(2, || {})).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_addition_between_look_and_wait_is_not_missed() {
        let counter = Counter::new();
        let wait = counter.wait_for(3, || counter.add());
        assert!(timeout(HOUR, wait).await.is_ok());
    }
}
