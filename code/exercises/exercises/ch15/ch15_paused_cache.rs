//! A cache keeps a rate for a minute. Its test slept for a minute, and failed now and then
//! on a slow machine. Now the test runs on a paused clock, and fails each time: nothing
//! ever expires.
//!
//! Repair the cache, not the tests.

use std::time::{Duration, Instant};

const FRESH: Duration = Duration::from_secs(60);

/// One value that is loaded again when it is a minute old.
#[derive(Default)]
struct Cache {
    loaded: Option<(Instant, u32)>,
}

impl Cache {
    // TODO: whose clock do the tests move?
    async fn get(&mut self, load: impl AsyncFnOnce() -> u32) -> u32 {
        if let Some((at, value)) = self.loaded
            && at.elapsed() < FRESH
        {
            return value;
        }
        let value = load().await;
        self.loaded = Some((Instant::now(), value));
        value
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_fresh_value_is_not_loaded_again() {
        let mut cache = Cache::default();
        assert_eq!(cache.get(async || 1).await, 1);
        sleep(FRESH - Duration::from_millis(1)).await;
        assert_eq!(cache.get(async || 2).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_minute_it_is_loaded_again() {
        let mut cache = Cache::default();
        assert_eq!(cache.get(async || 1).await, 1);
        sleep(FRESH).await;
        assert_eq!(cache.get(async || 2).await, 2);
        assert_eq!(cache.get(async || 3).await, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_minute_begins_when_the_value_is_there() {
        let mut cache = Cache::default();
        let slow = async || {
            sleep(FRESH).await;
            1
        };
        assert_eq!(cache.get(slow).await, 1);
        assert_eq!(cache.get(async || 2).await, 1);
    }
}
