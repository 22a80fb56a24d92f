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
    let mut attempts = 1;
    loop {
        let failure = match call().await {
            Ok(value) => return Ok(value),
            Err(failure) if attempts == 4 => return Err(failure),
            Err(failure) => failure,
        };
        let wait = match failure {
            Failure::Busy => Duration::from_secs(1),
            Failure::NoAnswer if idempotent => Duration::from_secs(1),
            Failure::Wait(wait) => wait,
            Failure::NoAnswer | Failure::Refused => return Err(failure),
        };
        sleep(wait).await;
        attempts += 1;
    }
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
