//! A bounded buffer as textbooks have it: a mutex, a deque and two notifies. It works until a
//! waiting task is cancelled at the wrong moment.
//!
//! Replace the whole of it by the one type of Tokio that is a bounded buffer.

#![allow(unused_imports)]

use std::collections::VecDeque;
use tokio::sync::{Mutex, Notify, mpsc};

/// TODO: what does this need to be?
struct Buffer {
    items: Mutex<VecDeque<u32>>,
    changed: Notify,
    room: usize,
}

impl Buffer {
    fn new(room: usize) -> Buffer {
        Buffer {
            items: Mutex::default(),
            changed: Notify::new(),
            room,
        }
    }

    /// Waits for room.
    async fn put(&self, item: u32) {
        loop {
            let changed = self.changed.notified();
            let mut items = self.items.lock().await;
            if items.len() < self.room {
                items.push_back(item);
                return self.changed.notify_one();
            }
            drop(items);
            changed.await;
        }
    }

    /// Waits for an item.
    async fn take(&self) -> u32 {
        loop {
            let changed = self.changed.notified();
            let mut items = self.items.lock().await;
            if let Some(item) = items.pop_front() {
                self.changed.notify_one();
                return item;
            }
            drop(items);
            changed.await;
            audit("a taker was woken").await;
        }
    }
}

/// Writes a line to the log of the kitchen.
async fn audit(_line: &str) {
    tokio::task::yield_now().await;
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::timeout;
    use tokio_test::task::spawn;

    const HOUR: Duration = Duration::from_secs(3600);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn items_come_out_in_order() {
        let buffer = Buffer::new(2);
        let put = async {
            for item in 0..10 {
                buffer.put(item).await;
            }
        };
        let take = async {
            for item in 0..10 {
                assert_eq!(buffer.take().await, item);
            }
        };
        let both = async { tokio::join!(put, take) };
        assert!(timeout(HOUR, both).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_buffer_makes_its_sender_wait() {
        let buffer = Buffer::new(1);
        buffer.put(1).await;
        assert!(timeout(HOUR, buffer.put(2)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_item_is_not_left_beside_a_taker_when_another_is_cancelled() {
        let buffer = Buffer::new(8);
        let (mut first, mut second) = (spawn(buffer.take()), spawn(buffer.take()));
        assert!(first.poll().is_pending());
        assert!(second.poll().is_pending());
        buffer.put(1).await;
        let woken_and_gone = first.poll().is_ready();
        drop(first);
        if !woken_and_gone {
            let item = timeout(HOUR, second).await;
            assert_eq!(item, Ok(1), "it lies there, and the second taker sleeps");
        }
    }
}
