//! Wrong: the permit belongs to the caller, and goes when the caller goes.

use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Does the blocking `work` on the pool, when there is a place for it.
async fn bounded(places: Arc<Semaphore>, work: impl FnOnce() -> u32 + Send + 'static) -> u32 {
    let _place = places.acquire().await.expect("not closed");
    spawn_blocking(work).await.expect("no panic")
}

fn main() {
    // You can experiment here; the tests decide.
}
