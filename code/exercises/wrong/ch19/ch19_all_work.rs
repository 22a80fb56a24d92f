//! Wrong: gives the lock a name, and so keeps it to the end of the loop's body.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::sleep;

type Queue = Arc<Mutex<mpsc::Receiver<Duration>>>;

/// Takes jobs and works on each for as long as it says, until there are no more.
async fn work(queue: Queue) {
    loop {
        let mut queue = queue.lock().await;
        let Some(takes) = queue.recv().await else {
            return;
        };
        sleep(takes).await;
    }
}

fn main() {}
