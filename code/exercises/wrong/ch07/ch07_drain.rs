//! Wrong: the entrance is still open, so new orders come in, and the end does not.

#![allow(unused_imports)]

use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

/// Takes a second.
async fn cook(_order: u32) {
    sleep(Duration::from_secs(1)).await;
}

/// Cooks until there are no more orders. Once `closing` is canceled, it lets the order in
/// work finish, accepts no more, and goes on for `grace` with what is in the queue.
///
/// Returns the orders that are cooked, and those that were accepted and are not.
async fn work(
    mut orders: mpsc::Receiver<u32>,
    closing: CancellationToken,
    grace: Duration,
) -> (Vec<u32>, Vec<u32>) {
    let (mut cooked, mut left) = (Vec::new(), Vec::new());
    loop {
        let next = tokio::select! {
            biased;
            () = closing.cancelled() => break,
            next = orders.recv() => next,
        };
        let Some(order) = next else {
            return (cooked, left);
        };
        cook(order).await;
        cooked.push(order);
    }

    let deadline = Instant::now() + grace;
    while let Some(order) = orders.recv().await {
        match timeout_at(deadline, cook(order)).await {
            Ok(()) => cooked.push(order),
            Err(_) => left.push(order),
        }
    }
    (cooked, left)
}

fn main() {}
