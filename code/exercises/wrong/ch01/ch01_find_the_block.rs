//! Wrong: a task of its own still runs on a worker, and keeps that thread as before.

use tokio::task::yield_now;

mod archive {
    use std::{thread, time::Duration};

    /// Stores `text` and returns how many bytes it took.
    pub fn store(text: &str) -> usize {
        thread::sleep(Duration::from_millis(30)); // a slow disk
        text.len()
    }
}

async fn collect() -> Vec<u32> {
    yield_now().await;
    (1..=10).collect()
}

async fn format(rows: &[u32]) -> String {
    yield_now().await;
    rows.iter().map(|row| format!("row {row}\n")).collect()
}

/// Collects, formats and stores a report; returns how many bytes it took.
async fn publish() -> usize {
    let rows = collect().await;
    let text = format(&rows).await;
    let stored = tokio::spawn(async move { archive::store(&text) });
    stored.await.expect("the archive does not panic")
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    // `tokio::test` runs an async function, here on one thread, as a #[test]
    #[tokio::test]
    async fn publishes_the_whole_report() {
        assert_eq!(publish().await, 61);
    }

    #[tokio::test]
    async fn the_heart_beats_while_the_report_is_published() {
        static BEATS: AtomicU32 = AtomicU32::new(0);
        let heart = tokio::spawn(async {
            loop {
                BEATS.fetch_add(1, Ordering::Relaxed);
                yield_now().await;
            }
        });
        publish().await;
        heart.abort();
        let beats = BEATS.load(Ordering::Relaxed);
        assert!(beats > 20, "{beats} beats: something kept the thread");
    }
}
