//! Wrong: starts it again at once, and for ever.

use std::time::Duration;
use tokio::time::sleep;

#[derive(Debug, PartialEq)]
struct GaveUp;

async fn supervise<F>(start: impl Fn(u32) -> F) -> Result<u32, GaveUp>
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut life = 1;
    while tokio::spawn(start(life)).await.is_err() {
        life += 1;
        sleep(Duration::from_millis(1)).await;
        if life > 100 {
            return Err(GaveUp);
        }
    }
    Ok(life)
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::Instant;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_child_that_returns_has_one_life() {
        assert_eq!(supervise(async |_| ()).await, Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_followed_by_a_pause_and_another_life() {
        let start = Instant::now();
        let child = |life| async move { assert!(life > 3, "a bad day") };
        assert_eq!(supervise(child).await, Ok(4));
        assert_eq!(start.elapsed(), Duration::from_secs(1 + 2 + 4));
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_sixth_panic_it_gives_up() {
        let start = Instant::now();
        let child = |_| async { panic!("a bad day") };
        assert_eq!(supervise(child).await, Err(GaveUp));
        assert_eq!(start.elapsed(), Duration::from_secs(1 + 2 + 4 + 8 + 16));
    }
}
