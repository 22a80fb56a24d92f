//! `count_primes` computes for a while and never waits. So it cannot be stopped: `abort`
//! comes too late, a timeout does not fire, and other tasks have no turn.
//!
//! Make it listen, without changing what it returns.

// TODO: you will need something from `tokio::task`.

fn is_prime(number: u64) -> bool {
    (2..)
        .take_while(|divisor| divisor * divisor <= number)
        .all(|divisor| number % divisor != 0)
}

/// How many primes there are below `limit`.
async fn count_primes(limit: u64) -> u64 {
    let mut primes = 0;
    for number in 2..limit {
        if is_prime(number) {
            primes += 1;
        }
    }
    primes
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::task::yield_now;
    use tokio::time::timeout;

    const LIMIT: u64 = 20_000;

    // `tokio::test` runs an async function, here on one thread, as a #[test]
    #[tokio::test]
    async fn it_still_counts_right() {
        assert_eq!(count_primes(100).await, 25);
        assert_eq!(count_primes(LIMIT).await, 2_262);
    }

    #[tokio::test]
    async fn abort_stops_it() {
        let task = tokio::spawn(count_primes(LIMIT));
        yield_now().await; // it begins
        task.abort();
        let error = task.await.expect_err("it counted to the end");
        assert!(error.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn a_timeout_stops_it() {
        let counted = timeout(Duration::ZERO, count_primes(LIMIT)).await;
        assert!(counted.is_err(), "it counted to the end");
    }

    #[tokio::test]
    async fn other_tasks_have_turns_meanwhile() {
        let task = tokio::spawn(count_primes(LIMIT));
        let mut turns = 0;
        while !task.is_finished() {
            turns += 1;
            yield_now().await;
        }
        assert!(turns > 10, "{turns} turns in {LIMIT} numbers");
    }
}
