//! Wrong: the token is put around everything, so it cuts an order in half.

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
    let all = async {
        while let Some(order) = orders.recv().await {
            books.fulfill(order).await;
        }
    };
    stop.run_until_cancelled(all).await;
}

fn main() {
    // You can experiment here; the tests decide.
}
