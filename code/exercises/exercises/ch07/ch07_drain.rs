//! A kitchen closes in the evening: it takes no more orders, and cooks those that it has
//! accepted, as far as time allows. What it can't cook, it reports.
//!
//! Complete `work`.

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
    // TODO: two loops: one until it closes, one that drains until a deadline.
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::timeout;

    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(3600);

    async fn orders(count: u32) -> (mpsc::Sender<u32>, mpsc::Receiver<u32>) {
        let (sender, receiver) = mpsc::channel(10);
        for order in 1..=count {
            sender.send(order).await.unwrap();
        }
        (sender, receiver)
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_last_order() {
        let (sender, orders) = orders(3).await;
        drop(sender);
        let cooked = work(orders, CancellationToken::new(), SECOND);
        let result = timeout(HOUR, cooked).await;
        assert_eq!(result, Ok((vec![1, 2, 3], vec![])));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_accepted_is_cooked_within_the_grace_or_reported() {
        let (sender, orders) = orders(5).await;
        let closing = CancellationToken::new();
        let kitchen = tokio::spawn(work(orders, closing.clone(), SECOND * 5 / 2));
        sleep(SECOND / 2).await;
        closing.cancel();

        let result = timeout(HOUR, kitchen).await.expect("it ends").unwrap();
        assert_eq!(result, (vec![1, 2, 3], vec![4, 5]));
        drop(sender);
    }

    #[tokio::test(start_paused = true)]
    async fn it_accepts_no_order_once_it_has_closed() {
        let (sender, orders) = orders(2).await;
        let closing = CancellationToken::new();
        let kitchen = tokio::spawn(work(orders, closing.clone(), HOUR));
        closing.cancel();
        sleep(SECOND / 2).await;
        assert!(sender.send(3).await.is_err());

        let result = timeout(HOUR, kitchen).await.expect("it ends").unwrap();
        assert_eq!(result, (vec![1, 2], vec![]));
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_kitchen_closes_right_away() {
        let (_sender, orders) = orders(0).await;
        let closing = CancellationToken::new();
        closing.cancel();
        let result = timeout(Duration::ZERO, work(orders, closing, HOUR)).await;
        assert_eq!(result, Ok((vec![], vec![])));
    }
}
