//! Lab 2. "Since yesterday's outage of the configuration service, our service has a core at
//! full load, and its memory grows. It works, though, and stops when told to."
//!
//! Find who is polled so often, and let it rest. The service goes on with the mode it has
//! until it is told to stop.

use tokio::sync::{oneshot, watch};

// TODO: find who is polled so often, and let it rest.
/// Applies each mode that comes, until `stop`. Returns what it has applied.
async fn follow(mut mode: watch::Receiver<u32>, mut stop: oneshot::Receiver<()>) -> Vec<u32> {
    let mut applied = Vec::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => return applied,
            _ = mode.changed() => applied.push(*mode.borrow_and_update()),
        }
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use tokio::task::yield_now;

    async fn some_turns() {
        for _ in 0..50 {
            yield_now().await;
        }
    }

    // `tokio::test` runs an async function on a runtime of its own, as a #[test]
    #[tokio::test]
    async fn each_mode_is_applied_once_and_none_after_the_outage() {
        let (service, mode) = watch::channel(0);
        let (stop, is_stopped) = oneshot::channel();
        let follow = tokio::spawn(follow(mode, is_stopped));
        for new in [1, 2] {
            service.send(new).unwrap();
            some_turns().await;
        }
        drop(service);
        some_turns().await;
        stop.send(()).expect("it goes on during the outage");
        assert_eq!(follow.await.unwrap(), [1, 2]);
    }

    #[tokio::test]
    async fn it_rests_during_the_outage() {
        let (service, mode) = watch::channel(0);
        let (stop, is_stopped) = oneshot::channel();
        let polls = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&polls);
        let follow = tokio::spawn(async move {
            let mut follow = pin!(follow(mode, is_stopped));
            poll_fn(|cx| {
                counter.fetch_add(1, SeqCst);
                follow.as_mut().poll(cx)
            })
            .await
        });
        some_turns().await;
        drop(service);
        some_turns().await;
        assert!(polls.load(SeqCst) < 5, "{} polls", polls.load(SeqCst));
        stop.send(()).expect("it goes on during the outage");
        follow.await.unwrap();
    }
}
