//! Wrong: an `if` instead of a loop: woken for a sock that makes no pair, it takes nothing and panics.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Mutex;
use tokio::sync::Notify;

#[derive(Default)]
struct Shelf {
    socks: Mutex<BTreeMap<&'static str, u32>>,
    changed: Notify,
}

impl Shelf {
    fn put(&self, color: &'static str) {
        *self.socks.lock().unwrap().entry(color).or_default() += 1;
        self.changed.notify_waiters();
    }

    /// Takes two socks of one color away, if there are two.
    fn try_take(&self) -> Option<&'static str> {
        let mut socks = self.socks.lock().unwrap();
        let (color, count) = socks.iter_mut().find(|(_, count)| **count >= 2)?;
        *count -= 2;
        Some(*color)
    }

    /// Waits until there are two socks of one color, and takes them.
    async fn take_pair(&self) -> &'static str {
        let changed = pin!(self.changed.notified());
        if let Some(color) = self.try_take() {
            return color;
        }
        changed.await;
        self.try_take().expect("woken, so there is a pair")
    }
}

fn main() {}
