//! Two philosophers share two forks and need both to eat. Each takes one, and waits for the other.
//!
//! Change `eat` so that the table can't lock up, and so that both get to eat.

use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// Takes both forks, eats for a second, and puts them back.
async fn eat(forks: &Semaphore) {
    // TODO: never wait for a fork while holding one.
    let _left = forks.acquire().await.expect("never closed");
    sleep(Duration::from_millis(1)).await; // looks for the other
    let _right = forks.acquire().await.expect("never closed");
    sleep(Duration::from_secs(1)).await;
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::{Instant, timeout};

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn one_eats_alone() {
        let (start, forks) = (Instant::now(), Semaphore::new(2));
        eat(&forks).await;
        assert_eq!(forks.available_permits(), 2);
        assert!(start.elapsed() <= Duration::from_millis(1_001));
    }

    #[tokio::test(start_paused = true)]
    async fn two_eat_one_after_the_other() {
        let forks = Semaphore::new(2);
        let both = async { tokio::join!(eat(&forks), eat(&forks)) };
        let minute = Duration::from_secs(60);
        assert!(timeout(minute, both).await.is_ok(), "no one eats");
    }
}
