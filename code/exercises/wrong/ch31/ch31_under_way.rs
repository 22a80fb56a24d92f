//! Wrong: a client that leaves drops the future before its last line, and is counted forever.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

async fn counted<T>(under_way: &AtomicU32, request: impl Future<Output = T>) -> T {
    under_way.fetch_add(1, SeqCst);
    let answer = request.await;
    under_way.fetch_sub(1, SeqCst);
    answer
}

fn main() {}
