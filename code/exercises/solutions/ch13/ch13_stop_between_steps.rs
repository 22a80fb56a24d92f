//! A worker takes orders from a channel. Each order is charged and then shipped, and
//! must not be charged without being shipped.
//!
//! Complete `work`. It ends when the channel is closed and empty, or when it is told to
//! stop: at once if it waits for an order, after the current order if it has one.
//! Orders that it has not begun stay in the channel.

use std::cell::Cell;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

#[derive(Default)]
struct Books {
    charged: Cell<u32>,
    shipped: Cell<u32>,
}

impl Books {
    async fn fulfill(&self, order: u32) {
        self.charged.set(self.charged.get() + order);
        sleep(Duration::from_secs(2)).await;
        self.shipped.set(self.shipped.get() + order);
    }
}

async fn work(stop: &CancellationToken, orders: &mut mpsc::Receiver<u32>, books: &Books) {
    while let Some(Some(order)) = stop.run_until_cancelled(orders.recv()).await {
        books.fulfill(order).await;
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, timeout};

    fn three_orders() -> (mpsc::Sender<u32>, mpsc::Receiver<u32>) {
        let (sender, orders) = mpsc::channel(10);
        for _ in 0..3 {
            sender.try_send(1).unwrap();
        }
        (sender, orders)
    }

    /// Runs `work`, tells it to stop after `seconds`, and returns how long it took.
    async fn stopped_after(
        seconds: u64,
        orders: &mut mpsc::Receiver<u32>,
        books: &Books,
    ) -> Duration {
        let start = Instant::now();
        let stop = CancellationToken::new();
        let tell = async {
            sleep(Duration::from_secs(seconds)).await;
            stop.cancel();
        };
        let hour = Duration::from_secs(3600);
        let work = timeout(hour, work(&stop, orders, books));
        let (ended, ()) = tokio::join!(work, tell);
        ended.expect("`work` should end when it is told to stop");
        start.elapsed()
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_channel() {
        let (sender, mut orders) = three_orders();
        drop(sender);
        let (stop, books) = (CancellationToken::new(), Books::default());
        work(&stop, &mut orders, &books).await;
        assert_eq!(books.shipped.get(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_under_way_is_shipped() {
        let (_sender, mut orders) = three_orders();
        let books = Books::default();
        let took = stopped_after(3, &mut orders, &books).await;
        assert_eq!((books.charged.get(), books.shipped.get()), (2, 2));
        assert_eq!(took, Duration::from_secs(4), "the second order ends at 4 s");
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_not_begun_stays_in_the_channel() {
        let (_sender, mut orders) = three_orders();
        let books = Books::default();
        stopped_after(3, &mut orders, &books).await;
        assert_eq!(orders.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_worker_stops_at_once() {
        let (_sender, mut orders) = three_orders();
        let books = Books::default();
        let took = stopped_after(60, &mut orders, &books).await;
        assert_eq!(took, Duration::from_secs(60));
        assert_eq!(books.shipped.get(), 3);
    }
}
