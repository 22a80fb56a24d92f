//! Wrong: the results come in the order of their ends.

use futures::stream::{FuturesUnordered, StreamExt};

/// Runs all children at once, and returns their results in the order of `children`.
async fn all<F: Future>(children: Vec<F>) -> Vec<F::Output> {
    children
        .into_iter()
        .collect::<FuturesUnordered<_>>()
        .collect()
        .await
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use std::cell::Cell;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::time::Duration;
    use tokio::time::{Instant, sleep};

    async fn wait(seconds: u64, polls: &Cell<u32>) -> u64 {
        let mut sleep = pin!(sleep(Duration::from_secs(seconds)));
        poll_fn(|context| {
            polls.set(polls.get() + 1);
            sleep.as_mut().poll(context)
        })
        .await;
        seconds
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn polls_those_that_were_woken() {
        let (start, polls) = (Instant::now(), Cell::new(0));
        all((1..=20).map(|seconds| wait(seconds, &polls)).collect()).await;
        assert_eq!(start.elapsed(), Duration::from_secs(20));
        assert!(polls.get() <= 40, "{} polls", polls.get());
    }

    #[tokio::test(start_paused = true)]
    async fn results_are_in_order() {
        let polls = Cell::new(0);
        let children = [3, 1, 2].map(|seconds| wait(seconds, &polls));
        assert_eq!(all(children.into()).await, [3, 1, 2]);
    }
}
