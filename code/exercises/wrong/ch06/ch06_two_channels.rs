//! Wrong: it empties one channel after the other, so the phone waits for the shop.

use tokio::sync::mpsc::Receiver;

/// Collects from both channels until both have closed.
pub async fn collect(mut shop: Receiver<u32>, mut phone: Receiver<u32>) -> Vec<u32> {
    let mut orders = Vec::new();
    while let Some(order) = shop.recv().await {
        orders.push(order);
    }
    while let Some(order) = phone.recv().await {
        orders.push(order);
    }
    orders
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::mpsc;
    use tokio::time::{sleep, timeout};

    /// Sends the orders, each after a pause of so many seconds, and closes.
    fn orders(pause: u64, orders: &'static [u32]) -> Receiver<u32> {
        let (send, receive) = mpsc::channel(8);
        tokio::spawn(async move {
            for order in orders {
                sleep(Duration::from_secs(pause)).await;
                send.send(*order).await.expect("the collector listens");
            }
        });
        receive
    }

    async fn collected(shop: Receiver<u32>, phone: Receiver<u32>) -> Vec<u32> {
        let hour = Duration::from_secs(3600);
        let all = timeout(hour, collect(shop, phone)).await;
        all.expect("it ends when both have closed")
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn the_phone_goes_on_after_the_shop_has_closed() {
        let all = collected(orders(2, &[1]), orders(3, &[7, 8, 9])).await;
        assert_eq!(all, [1, 7, 8, 9]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_shop_goes_on_after_the_phone_has_closed() {
        let all = collected(orders(3, &[1, 2, 3]), orders(2, &[7])).await;
        assert_eq!(all, [7, 1, 2, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn two_closed_channels_have_nothing() {
        assert!(collected(orders(1, &[]), orders(1, &[])).await.is_empty());
    }
}
