//! `spawn_sum` works for every `Source`, so rustc knows nothing of the future that
//! `next` returns but what the trait says, and an `async fn` in a trait does not
//! say that its future is `Send`.
//!
//! Change the trait so that `spawn_sum` compiles.
//! `Countdown` may stay as it is.

use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

pub trait Source {
    // TODO: promise that the future is `Send`.
    async fn next(&mut self) -> Option<u32>;
}

pub struct Countdown(pub u32);

impl Source for Countdown {
    async fn next(&mut self) -> Option<u32> {
        sleep(Duration::from_secs(1)).await;
        self.0 = self.0.checked_sub(1)?;
        Some(self.0)
    }
}

pub fn spawn_sum<S: Source + Send + 'static>(mut source: S) -> JoinHandle<u32> {
    tokio::spawn(async move {
        let mut sum = 0;
        while let Some(number) = source.next().await {
            sum += number;
        }
        sum
    })
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_source_is_summed_in_its_own_task() {
        let start = Instant::now();
        assert_eq!(spawn_sum(Countdown(4)).await.unwrap(), 3 + 2 + 1);
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn two_sources_are_summed_at_the_same_time() {
        let start = Instant::now();
        let (two, nine) = (spawn_sum(Countdown(2)), spawn_sum(Countdown(9)));
        assert_eq!((two.await.unwrap(), nine.await.unwrap()), (1, 36));
        assert_eq!(start.elapsed(), Duration::from_secs(10));
    }
}
