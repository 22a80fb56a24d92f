// ANCHOR: head
//! Step 2: what happened is appended, and what is follows from it.
//!
//! `cargo run -p orders --example orders-2-append`

use std::sync::{Arc, Mutex, MutexGuard};
use tokio::time::{Duration, sleep};

/// What a write to the disk takes, and each way of a message.
const STEP: Duration = Duration::from_millis(10);
// ANCHOR_END: head

// ANCHOR: log
/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq)]
enum Event {
    Placed { cents: u64 },
    Paid,
    Canceled,
}

#[derive(Debug, Clone)]
struct Recorded {
    order: u32,
    event: Event,
}

/// What survives a crash of the process.
#[derive(Default)]
struct Disk {
    log: Vec<Recorded>,
}
// ANCHOR_END: log

// ANCHOR: store
#[derive(Clone, Default)]
struct Store {
    disk: Arc<Mutex<Disk>>,
}

impl Store {
    /// Changes the disk as a whole or, if the process ends before, not at all.
    async fn commit<T>(&self, change: impl FnOnce(&mut Disk) -> T) -> T {
        sleep(STEP).await;
        change(&mut self.disk())
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().expect("no change panics")
    }

    async fn append(&self, order: u32, event: Event) {
        self.commit(|disk| disk.log.push(Recorded { order, event }))
            .await;
    }

    fn load(&self, order: u32) -> Order {
        let mut state = Order::default();
        for recorded in &self.disk().log {
            if recorded.order == order {
                state.apply(&recorded.event);
            }
        }
        state
    }
}
// ANCHOR_END: store

// ANCHOR: fold
/// An order, folded from its events.
#[derive(Debug, Default, PartialEq)]
struct Order {
    cents: u64,
    paid: bool,
    canceled: bool,
}

impl Order {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::Placed { cents } => self.cents = *cents,
            Event::Paid => self.paid = true,
            Event::Canceled => self.canceled = true,
        }
    }

    fn refund(&self) -> u64 {
        if self.paid && self.canceled {
            self.cents
        } else {
            0
        }
    }
}
// ANCHOR_END: fold

// ANCHOR: decide
type Decision = Result<Event, &'static str>;

fn place(order: &Order) -> Decision {
    match order.cents {
        0 => Ok(Event::Placed { cents: 2_000 }),
        _ => Err("already placed"),
    }
}

fn pay(order: &Order) -> Decision {
    match order {
        Order { paid: true, .. } => Err("already paid"),
        Order { canceled: true, .. } => Err("canceled"),
        _ => Ok(Event::Paid),
    }
}

fn cancel(order: &Order) -> Decision {
    match order.canceled {
        false => Ok(Event::Canceled),
        true => Err("already canceled"),
    }
}
// ANCHOR_END: decide

// ANCHOR: execute
/// Loads, decides and appends.
async fn execute(
    store: &Store,
    order: u32,
    decide: fn(&Order) -> Decision,
) -> Result<(), &'static str> {
    let state = store.load(order);
    let event = decide(&state)?;
    store.append(order, event).await;
    Ok(())
}
// ANCHOR_END: execute

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), &'static str> {
    let store = Store::default();
    execute(&store, 1, place).await?;
    execute(&store, 1, pay).await?;
    execute(&store, 1, cancel).await?;
    execute(&store, 2, place).await?;
    execute(&store, 2, cancel).await?;
    println!("refund of order 1: {}", store.load(1).refund());
    println!("refund of order 2: {}", store.load(2).refund());
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn two_canceled_orders_are_told_apart() {
        let store = Store::default();
        for command in [place, pay, cancel] {
            execute(&store, 1, command).await.unwrap();
        }
        for command in [place, cancel] {
            execute(&store, 2, command).await.unwrap();
        }
        assert_eq!(store.load(1).refund(), 2_000);
        assert_eq!(store.load(2).refund(), 0);
    }
}
// ANCHOR_END: tests
