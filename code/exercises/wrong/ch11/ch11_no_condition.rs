//! Wrong: two bells instead of one: better, but a taker that is cancelled between its wake-up and its look still loses it.

#![allow(unused_imports)]

use std::collections::VecDeque;
use tokio::sync::{Mutex, Notify, mpsc};

/// A bell for each kind of waiter.
struct Buffer {
    items: Mutex<VecDeque<u32>>,
    filled: Notify,
    emptied: Notify,
    room: usize,
}

impl Buffer {
    fn new(room: usize) -> Buffer {
        Buffer {
            items: Mutex::default(),
            filled: Notify::new(),
            emptied: Notify::new(),
            room,
        }
    }

    /// Waits for room.
    async fn put(&self, item: u32) {
        loop {
            let emptied = self.emptied.notified();
            let mut items = self.items.lock().await;
            if items.len() < self.room {
                items.push_back(item);
                return self.filled.notify_one();
            }
            drop(items);
            emptied.await;
        }
    }

    /// Waits for an item.
    async fn take(&self) -> u32 {
        loop {
            let filled = self.filled.notified();
            let mut items = self.items.lock().await;
            if let Some(item) = items.pop_front() {
                self.emptied.notify_one();
                return item;
            }
            drop(items);
            filled.await;
            audit("a taker was woken").await;
        }
    }
}

/// Writes a line to the log of the kitchen.
async fn audit(_line: &str) {
    tokio::task::yield_now().await;
}

fn main() {}
