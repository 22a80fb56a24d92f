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

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::sleep;

    /// Sends an item after each pause, and returns the batches with the moments they came at.
    async fn batched(pauses: &[u64]) -> Vec<(u64, Vec<u32>)> {
        let start = Instant::now();
        let (items, input) = mpsc::channel(8);
        let (output, mut collected) = mpsc::channel(8);
        tokio::spawn(batches(input, output));
        let pauses = pauses.to_vec();
        tokio::spawn(async move {
            for (item, millis) in (0..).zip(pauses) {
                sleep(Duration::from_millis(millis)).await;
                items.send(item).await.unwrap();
            }
            sleep(Duration::from_secs(10)).await;
        });
        let mut all = Vec::new();
        while let Some(batch) = collected.recv().await {
            all.push((start.elapsed().as_millis() as u64, batch));
        }
        all
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_full_batch_goes_at_once() {
        assert_eq!(batched(&[100, 100, 100]).await, [(300, vec![0, 1, 2])]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_item_waits_no_longer_than_a_second() {
        let batches = batched(&[0, 700, 700]).await;
        assert_eq!(batches, [(1_000, vec![0, 1]), (2_400, vec![2])]);
    }
}
