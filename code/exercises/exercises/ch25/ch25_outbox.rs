//! An order must be told to the warehouse, once it's stored and not otherwise. A message that's sent
//! before the commit may tell of an order that doesn't exist; one that's sent after it may be lost by
//! a crash. So the message is stored with the order, in a table called the outbox, and a relay sends
//! what stands there. A message may come twice; the warehouse knows orders by their numbers.
//!
//! Complete `place` and `relay`.

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
    // TODO: what has to be kept together?
    todo!()
}

/// Sends what stands in the outbox, until it's empty.
async fn relay(store: &Store, warehouse: &Warehouse) {
    // TODO: in which order?
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::timeout;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn each_order_is_told_in_its_turn() {
        let (store, warehouse) = (Store::default(), Warehouse::default());
        for id in 1..4 {
            place(&store, id).await;
        }
        relay(&store, &warehouse).await;
        assert_eq!(*store.orders.lock().unwrap(), [1, 2, 3]);
        assert_eq!(*warehouse.0.lock().unwrap(), [1, 2, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_relay_that_has_sent_all_sends_nothing_more() {
        let (store, warehouse) = (Store::default(), Warehouse::default());
        place(&store, 1).await;
        relay(&store, &warehouse).await;
        relay(&store, &warehouse).await;
        assert_eq!(*warehouse.0.lock().unwrap(), [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_that_is_dropped_anywhere_is_stored_with_its_message_or_not_at_all() {
        for cut in (5..45).step_by(10) {
            let store = Store::default();
            let limit = Duration::from_millis(cut);
            let _ = timeout(limit, place(&store, 1)).await;
            let orders = store.orders.lock().unwrap().len();
            assert_eq!(
                orders,
                store.outbox.lock().unwrap().len(),
                "cut at {cut} ms"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_relay_that_is_dropped_anywhere_loses_no_message() {
        for cut in (5..95).step_by(10) {
            let (store, warehouse) = (Store::default(), Warehouse::default());
            place(&store, 1).await;
            place(&store, 2).await;
            let limit = Duration::from_millis(cut);
            let _ = timeout(limit, relay(&store, &warehouse)).await;
            relay(&store, &warehouse).await;
            let told = warehouse.0.lock().unwrap();
            assert!(
                told.contains(&1) && told.contains(&2),
                "{told:?}, cut at {cut} ms"
            );
        }
    }
}
