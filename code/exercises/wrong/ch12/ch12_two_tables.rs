//! Wrong: puts the first fork back after a while, and takes it again at the same moment as the other.

use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// Takes both forks, eats for a second, and puts them back.
async fn eat(forks: &Semaphore) {
    loop {
        let _left = forks.acquire().await.expect("never closed");
        sleep(Duration::from_millis(1)).await; // looks for the other
        if let Ok(_right) = forks.try_acquire() {
            sleep(Duration::from_secs(1)).await;
            return;
        }
    }
}

fn main() {}
