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
