//! A call fails in one of four ways. The server is `Busy` and didn't begin: wait for a second.
//! It asks us to `Wait`: wait for so long. It has `Refused`: it'll do so again. Or there's
//! `NoAnswer`, and it may have done what we asked for: only an idempotent call may be repeated
//! then, after a second.
//!
//! Complete `retry`. It makes up to four attempts and returns the last answer, without a wait
//! after the last attempt.

use std::time::Duration;
use tokio::time::sleep;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Busy,
    Wait(Duration),
    NoAnswer,
    Refused,
}

async fn retry(
    idempotent: bool,
    mut call: impl AsyncFnMut() -> Result<u32, Failure>,
) -> Result<u32, Failure> {
    // TODO: which failures may be repeated, and after how long?
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    /// Fails always in this way: how many attempts were made, and in how many seconds.
    async fn run(idempotent: bool, failure: Failure) -> (u32, u64) {
        let (start, mut attempts) = (Instant::now(), 0);
        let call = async || {
            attempts += 1;
            Err(failure)
        };
        assert_eq!(retry(idempotent, call).await, Err(failure));
        (attempts, start.elapsed().as_secs())
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn what_did_not_begin_is_repeated() {
        assert_eq!(run(false, Failure::Busy).await, (4, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn the_server_says_how_long_to_wait() {
        let wait = Failure::Wait(Duration::from_secs(20));
        assert_eq!(run(false, wait).await, (4, 60));
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_have_been_done_is_repeated_if_it_is_idempotent() {
        assert_eq!(run(true, Failure::NoAnswer).await, (4, 3));
        assert_eq!(run(false, Failure::NoAnswer).await, (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_final() {
        assert_eq!(run(true, Failure::Refused).await, (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_success_ends_it() {
        let mut attempts = 0;
        let answer = retry(false, async || {
            attempts += 1;
            if attempts < 3 {
                Err(Failure::Busy)
            } else {
                Ok(7)
            }
        });
        assert_eq!(answer.await, Ok(7));
        assert_eq!(attempts, 3);
    }
}
