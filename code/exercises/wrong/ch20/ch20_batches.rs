//! Wrong: starts the clock anew with each item, so that the first may wait for two seconds and more.

use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, timeout_at};

/// Sends batches on, until the input ends.
async fn batches(mut input: mpsc::Receiver<u32>, output: mpsc::Sender<Vec<u32>>) {
    while let Some(first) = input.recv().await {
        let mut batch = vec![first];
        while batch.len() < 3 {
            let due = Instant::now() + Duration::from_secs(1);
            match timeout_at(due, input.recv()).await {
                Ok(Some(item)) => batch.push(item),
                Ok(None) | Err(_) => break,
            }
        }
        if output.send(batch).await.is_err() {
            return;
        }
    }
}

fn main() {}
