//! A database takes rows many at a time. Write the function that collects them.
//!
//! Complete `batch`. A row waits at most `within` for its batch to be written, however the
//! others trickle in.

#![allow(unused_imports)]

use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

/// Waits for a first row, however long that takes. Then collects until there are `most`
/// rows, or `within` has passed since the first, or there are no more rows to come.
///
/// Returns no rows at the end of the queue.
async fn batch(rows: &mut mpsc::Receiver<u32>, most: usize, within: Duration) -> Vec<u32> {
    // TODO: the first row, and then the others, all before the same moment.
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::sleep;

    const SECOND: Duration = Duration::from_secs(1);

    /// A queue into which the rows 0, 1, 2… come, one each 400 ms.
    fn trickle(rows: u32) -> mpsc::Receiver<u32> {
        let (sender, receiver) = mpsc::channel(100);
        tokio::spawn(async move {
            for row in 0..rows {
                sender.send(row).await.unwrap();
                sleep(Duration::from_millis(400)).await;
            }
        });
        receiver
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_full_batch_does_not_wait() {
        let (sender, mut rows) = mpsc::channel(10);
        for row in 0..5 {
            sender.send(row).await.unwrap();
        }
        let start = Instant::now();
        assert_eq!(batch(&mut rows, 3, SECOND).await, [0, 1, 2]);
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(batch(&mut rows, 3, SECOND).await, [3, 4]);
        assert_eq!(start.elapsed(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_row_waits_no_longer_than_the_limit() {
        let mut rows = trickle(10);
        let start = Instant::now();
        assert_eq!(batch(&mut rows, 100, SECOND).await, [0, 1, 2]);
        assert_eq!(start.elapsed(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn no_row_is_lost_between_two_batches() {
        let mut rows = trickle(10);
        let mut all = Vec::new();
        loop {
            let batch = batch(&mut rows, 100, SECOND).await;
            if batch.is_empty() {
                break;
            }
            all.extend(batch);
        }
        assert_eq!(all, Vec::from_iter(0..10));
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_for_a_first_row_beyond_the_limit() {
        let (sender, mut rows) = mpsc::channel(1);
        tokio::spawn(async move {
            sleep(60 * SECOND).await;
            sender.send(7).await.unwrap();
        });
        assert_eq!(batch(&mut rows, 100, SECOND).await, [7]);
    }
}
