//! This session starts two tasks and looks after neither: the heartbeat of a session that has
//! ended beats on, and a session that is dropped, say by a timeout, leaves both behind.
//! Give the tasks an owner. Both have to be gone when the session returns, and soon after it is
//! dropped.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// Sends a beat a second, forever. `_alive` is dropped with it.
async fn heartbeat(_alive: Arc<()>) {
    loop {
        sleep(Duration::from_secs(1)).await;
    }
}

/// Counts messages until the peer hangs up.
async fn read(mut messages: mpsc::Receiver<u32>, _alive: Arc<()>) -> usize {
    let mut count = 0;
    while messages.recv().await.is_some() {
        count += 1;
    }
    count
}

/// Runs a reader and a heartbeat, and returns the reader's count when the peer hangs up.
async fn session(messages: mpsc::Receiver<u32>, alive: Arc<()>) -> usize {
    // TODO: replace the two bare spawns.
    tokio::spawn(heartbeat(Arc::clone(&alive)));
    let reader = tokio::spawn(read(messages, alive));
    reader.await.expect("it does not panic")
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn messages_are_counted_until_the_peer_hangs_up() {
        let (peer, messages) = mpsc::channel(8);
        for message in 0..5 {
            peer.send(message).await.unwrap();
        }
        drop(peer);
        assert_eq!(session(messages, Arc::new(())).await, 5);
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_session_returns_its_tasks_are_gone() {
        let (peer, messages) = mpsc::channel(8);
        drop(peer);
        let alive = Arc::new(());
        session(messages, Arc::clone(&alive)).await;
        assert_eq!(Arc::strong_count(&alive), 1, "a task is left");
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_is_dropped_takes_its_tasks_along() {
        let (_peer, messages) = mpsc::channel(8);
        let alive = Arc::new(());
        let session = session(messages, Arc::clone(&alive));
        let ended = timeout(Duration::from_secs(5), session).await;
        assert!(ended.is_err(), "the peer has not hung up");
        sleep(Duration::from_millis(1)).await; // their turn to be dropped
        assert_eq!(Arc::strong_count(&alive), 1, "a task is left");
    }
}
