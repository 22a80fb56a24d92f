//! Is your code safe to cancel? Drop it at each of its waits and look.
//!
//! Write that test's two tools: `cut` drops a future after some polls, `losses` tries
//! all numbers of polls. The last two tests use them; afterwards, turn them on a
//! function of your own.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// What became of one run.
struct Report {
    /// The future was not cut.
    finished: bool,
    /// Something was missing afterwards.
    lost: bool,
}

/// Polls `future` at most `polls` times. Returns its output, or drops it when it would be
/// polled once more and returns `None`.
async fn cut<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    // TODO: pin it, and poll it by hand: `poll_fn` gives you the context.
    todo!()
}

/// Runs `scenario` with 0, 1, 2, … polls, until it says that its future has finished.
/// Returns the numbers of polls at which something was lost.
async fn losses(scenario: impl AsyncFn(usize) -> Report) -> Vec<usize> {
    // TODO: one run for each number of polls.
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use tokio::sync::{mpsc, oneshot};
    use tokio::task::yield_now;
    use tokio::time::{Duration, sleep};

    async fn count(steps: &Cell<u32>) {
        for _ in 0..3 {
            steps.set(steps.get() + 1);
            yield_now().await;
        }
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn it_is_polled_as_often_as_you_say() {
        for polls in 0..=3 {
            let steps = Cell::new(0);
            assert_eq!(cut(polls as usize, count(&steps)).await, None);
            assert_eq!(steps.get(), polls, "cut after {polls}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_that_finishes_is_not_cut() {
        assert_eq!(cut(1, async { 7 }).await, Some(7));
        assert_eq!(cut(4, count(&Cell::new(0))).await, Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn between_the_last_poll_and_the_cut_the_world_goes_on() {
        let (hand_over, token) = oneshot::channel();
        let give = async {
            sleep(Duration::from_secs(1)).await;
            hand_over.send(())
        };
        let (taken, given) = tokio::join!(cut(1, token), give);
        assert_eq!((taken, given), (None, Ok(())), "given, and not taken");
    }

    /// Three numbers, a second apart.
    fn numbers() -> mpsc::Receiver<u32> {
        let (sender, numbers) = mpsc::channel(1);
        tokio::spawn(async move {
            for number in 1..=3 {
                sleep(Duration::from_secs(1)).await;
                sender.send(number).await.unwrap();
            }
        });
        numbers
    }

    async fn rest(mut numbers: mpsc::Receiver<u32>) -> Vec<u32> {
        let mut rest = Vec::new();
        while let Some(number) = numbers.recv().await {
            rest.push(number);
        }
        rest
    }

    #[tokio::test(start_paused = true)]
    async fn recv_loses_nothing() {
        let lossy = losses(async |polls| {
            let mut numbers = numbers();
            let finished = cut(polls, numbers.recv()).await.is_some();
            let first = if finished { 2 } else { 1 };
            let lost = rest(numbers).await[0] != first;
            Report { finished, lost }
        });
        assert_eq!(lossy.await, []);
    }

    #[tokio::test(start_paused = true)]
    async fn two_recvs_in_a_row_lose_the_first_number() {
        let lossy = losses(async |polls| {
            let mut numbers = numbers();
            let pair = async { (numbers.recv().await, numbers.recv().await) };
            let finished = cut(polls, pair).await.is_some();
            let lost = !finished && rest(numbers).await[0] != 1;
            Report { finished, lost }
        });
        assert_eq!(lossy.await, [2]);
    }
}
