//! Batches by size or by time: a batch is full, or its first item has waited long enough.
//!
//! Size alone would let the last few items wait forever; time alone would make batches of one
//! under low load and of any size under high load.
//!
//! For a `Stream`, [`chunks_timeout`] of tokio-stream does the same.
//!
//! [`chunks_timeout`]: https://docs.rs/tokio-stream/0.1.19/tokio_stream/trait.StreamExt.html#method.chunks_timeout

use std::mem;
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

// ANCHOR: batches
/// Collects what comes out of a channel.
#[derive(Debug)]
pub struct Batches<T> {
    source: mpsc::Receiver<T>,
    most: NonZeroUsize,
    longest: Duration,
    /// What has come so far, and until when its first item may wait.
    batch: Vec<T>,
    due: Option<Instant>,
}

impl<T> Batches<T> {
    /// Batches of at most so many items, of which none waits longer than this.
    pub fn new(source: mpsc::Receiver<T>, most: NonZeroUsize, longest: Duration) -> Batches<T> {
        Batches {
            source,
            most,
            longest,
            batch: Vec::new(),
            due: None,
        }
    }

    /// The next batch, or `None` when the channel has ended and nothing is left.
    ///
    /// Cancel safe: what has come is kept here and not in the future.
    pub async fn next(&mut self) -> Option<Vec<T>> {
        while self.batch.len() < self.most.get() {
            let item = match self.due {
                None => self.source.recv().await,
                Some(due) => match timeout_at(due, self.source.recv()).await {
                    Ok(item) => item,
                    Err(_elapsed) => break,
                },
            };
            let Some(item) = item else { break };
            self.due
                .get_or_insert_with(|| Instant::now() + self.longest);
            self.batch.push(item);
        }
        self.due = None;
        let batch = mem::take(&mut self.batch);
        (!batch.is_empty()).then_some(batch)
    }
}
// ANCHOR_END: batches

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn batches(most: usize) -> (mpsc::Sender<u32>, Batches<u32>) {
        let (sender, source) = mpsc::channel(100);
        let most = NonZeroUsize::new(most).expect("not zero");
        (sender, Batches::new(source, most, SECOND))
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_batch_does_not_wait() {
        let (start, (sender, mut batches)) = (Instant::now(), batches(3));
        for item in 0..7 {
            sender.send(item).await.expect("there is room");
        }
        assert_eq!(batches.next().await, Some(vec![0, 1, 2]));
        assert_eq!(batches.next().await, Some(vec![3, 4, 5]));
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(batches.next().await, Some(vec![6]));
        assert_eq!(start.elapsed(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_item_decides_how_long_a_batch_waits() {
        let (start, (sender, mut batches)) = (Instant::now(), batches(100));
        tokio::spawn(async move {
            for item in 0..4 {
                sleep(SECOND * 2 / 5).await;
                sender.send(item).await.expect("there is room");
            }
        });
        assert_eq!(batches.next().await, Some(vec![0, 1, 2]));
        assert_eq!(start.elapsed(), SECOND * 7 / 5);
        assert_eq!(batches.next().await, Some(vec![3]));
        assert_eq!(batches.next().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_sends_what_is_there() {
        let (sender, mut batches) = batches(100);
        sender.send(1).await.expect("there is room");
        drop(sender);
        assert_eq!(batches.next().await, Some(vec![1]));
        assert_eq!(batches.next().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_dropped_loses_nothing() {
        let (sender, mut batches) = batches(3);
        sender.send(1).await.expect("there is room");
        assert!(timeout(SECOND / 2, batches.next()).await.is_err());
        sender.send(2).await.expect("there is room");
        advance(SECOND / 2).await;
        assert_eq!(batches.next().await, Some(vec![1, 2]));
    }
}
