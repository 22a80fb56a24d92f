//! Wrong: the timer begins again with each row, so a steady trickle keeps the batch open.

use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

type Row = u32;

/// The next batch; empty when all senders are gone and nothing is left.
async fn next_batch(rows: &mut mpsc::Receiver<Row>, most: usize, limit: Duration) -> Vec<Row> {
    let mut batch = Vec::from_iter(rows.recv().await);
    while (1..most).contains(&batch.len()) {
        // A new timer with each row: the batch stays open while rows come.
        let Ok(Some(row)) = timeout(limit, rows.recv()).await else {
            break;
        };
        batch.push(row);
    }
    batch
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, sleep};

    const SECOND: Duration = Duration::from_secs(1);

    /// Sends the rows 0, 1, 2 and so on, with a pause before each.
    fn source(count: u32, pause: Duration) -> mpsc::Receiver<Row> {
        let (queue, rows) = mpsc::channel(100);
        tokio::spawn(async move {
            for row in 0..count {
                sleep(pause).await;
                queue.send(row).await.expect("the test receives");
            }
        });
        rows
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_full_batch_does_not_wait() {
        let mut rows = source(10, Duration::ZERO);
        let start = Instant::now();
        assert_eq!(next_batch(&mut rows, 4, SECOND).await, [0, 1, 2, 3]);
        assert_eq!(next_batch(&mut rows, 1, SECOND).await, [4]);
        assert!(start.elapsed() < SECOND, "took {:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_row_may_take_any_time() {
        let mut rows = source(1, 3600 * SECOND);
        assert_eq!(next_batch(&mut rows, 4, SECOND).await, [0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_steady_trickle_does_not_keep_a_batch_open() {
        let mut rows = source(100, Duration::from_millis(300));
        let start = Instant::now();
        let batch = next_batch(&mut rows, 100, SECOND).await;
        assert_eq!(batch, [0, 1, 2, 3]); // at 300, 600, 900 and 1,200 ms
        assert_eq!(start.elapsed(), Duration::from_millis(1_300));
    }

    #[tokio::test(start_paused = true)]
    async fn no_row_is_lost_between_two_batches() {
        let mut rows = source(50, Duration::from_millis(300));
        let mut all = Vec::new();
        loop {
            let batch = next_batch(&mut rows, 7, SECOND).await;
            if batch.is_empty() {
                break;
            }
            all.extend(batch);
        }
        assert_eq!(all, Vec::from_iter(0..50));
    }
}
