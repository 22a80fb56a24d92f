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
