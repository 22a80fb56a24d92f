//! A cache in front of a slow source. When many ask for the same key at once, one of them loads
//! it and the others wait.
//!
//! Complete `Cache`. A key must not wait for another key; if the caller that loads is dropped,
//! one that waits loads instead.

#![allow(unused_imports)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::OnceCell;

/// Names by user.
#[derive(Default)]
struct Cache {
    // TODO: what do callers of one key share, and how do they find it?
}

impl Cache {
    /// The name of `user`: what is known, or what another caller is loading, or what `load` answers.
    async fn get(&self, user: u32, load: impl Future<Output = String>) -> String {
        todo!()
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::future::{pending, ready};
    use std::time::Duration;
    use tokio::time::sleep;
    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready_eq};

    async fn slow() -> String {
        sleep(Duration::from_secs(1)).await;
        "Ann".to_owned()
    }

    async fn not_called() -> String {
        panic!("loaded twice")
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn callers_at_the_same_time_share_one_load() {
        let cache = Cache::default();
        let names = tokio::join!(cache.get(7, slow()), cache.get(7, not_called()));
        assert_eq!(names, ("Ann".to_owned(), "Ann".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_kept() {
        let cache = Cache::default();
        cache.get(7, slow()).await;
        assert_eq!(cache.get(7, not_called()).await, "Ann");
    }

    #[test]
    fn a_key_does_not_wait_for_another() {
        let cache = Cache::default();
        let mut ann = spawn(cache.get(7, pending()));
        assert_pending!(ann.poll());
        let mut ben = spawn(cache.get(8, ready("Ben".to_owned())));
        assert_ready_eq!(ben.poll(), "Ben");
    }

    #[test]
    fn one_that_waits_loads_when_the_first_is_dropped() {
        let cache = Cache::default();
        let mut first = spawn(cache.get(7, pending()));
        let mut second = spawn(cache.get(7, ready("Ann".to_owned())));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        drop(first);
        assert_ready_eq!(second.poll(), "Ann");
    }
}
