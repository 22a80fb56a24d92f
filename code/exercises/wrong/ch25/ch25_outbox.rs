//! Wrong: a relay that is dropped between mark and message has lost the message.

use std::sync::Mutex;
use std::time::Duration;
use tokio::time::sleep;

enum Change {
    Order(u32),
    /// A message to the warehouse that waits to be sent.
    Message(u32),
    /// The message has been sent.
    Sent(u32),
}

#[derive(Default)]
struct Store {
    orders: Mutex<Vec<u32>>,
    outbox: Mutex<Vec<u32>>,
}

impl Store {
    /// Keeps all of these changes, or none if it's dropped before.
    async fn commit(&self, changes: Vec<Change>) {
        sleep(Duration::from_millis(10)).await;
        for change in changes {
            match change {
                Change::Order(id) => self.orders.lock().unwrap().push(id),
                Change::Message(id) => self.outbox.lock().unwrap().push(id),
                Change::Sent(id) => self.outbox.lock().unwrap().retain(|other| *other != id),
            }
        }
    }

    /// The oldest message that waits.
    async fn oldest(&self) -> Option<u32> {
        sleep(Duration::from_millis(10)).await;
        self.outbox.lock().unwrap().first().copied()
    }
}

#[derive(Default)]
struct Warehouse(Mutex<Vec<u32>>);

impl Warehouse {
    async fn send(&self, id: u32) {
        sleep(Duration::from_millis(10)).await;
        self.0.lock().unwrap().push(id);
    }
}

/// Stores an order. The relay tells the warehouse.
async fn place(store: &Store, id: u32) {
    let changes = vec![Change::Order(id), Change::Message(id)];
    store.commit(changes).await;
}

/// Sends what stands in the outbox, until it's empty.
async fn relay(store: &Store, warehouse: &Warehouse) {
    while let Some(id) = store.oldest().await {
        store.commit(vec![Change::Sent(id)]).await; // no message comes twice
        warehouse.send(id).await;
    }
}

fn main() {}
