//! Wrong: a future that was created but not awaited has not begun its nap.

use std::time::Duration;
use tokio::time::sleep;

async fn nap(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

async fn first() {
    nap(1).await;
    nap(2).await;
}

async fn second() {
    tokio::join!(nap(1), nap(2));
}

async fn third() {
    let long = tokio::spawn(nap(3));
    nap(1).await;
    long.await.unwrap();
}

async fn fourth() {
    let long = nap(3);
    nap(1).await;
    long.await;
}

async fn fifth() {
    for seconds in 1..=3 {
        tokio::join!(nap(seconds), nap(2));
    }
}

/// The seconds that `first` to `fifth` take.
fn predictions() -> [u64; 5] {
    [3, 2, 3, 3, 7]
}

fn main() {}
