// ANCHOR: head
//! Step 3: an append says which version of the stream it has seen.
//!
//! `cargo run -p orders --example orders-3-versions`
// ANCHOR_END: head

use std::sync::{Arc, Mutex, MutexGuard};
use tokio::time::{Duration, sleep};

/// What a write to the disk takes, and each way of a message.
const STEP: Duration = Duration::from_millis(10);

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

#[derive(Clone, Default)]
struct Store {
    disk: Arc<Mutex<Disk>>,
}

// ANCHOR: store
impl Store {
    /// Changes the disk as a whole or, if the process ends before, not at all.
    async fn commit<T>(&self, change: impl FnOnce(&mut Disk) -> T) -> T {
        sleep(STEP).await;
        change(&mut self.disk())
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().expect("no change panics")
    }

    /// Appends, if the order still has as many events as `expected`.
    async fn append(&self, order: u32, expected: usize, event: Event) -> Result<(), Conflict> {
        self.commit(|disk| {
            let stream = disk.log.iter().filter(|it| it.order == order);
            if stream.count() != expected {
                return Err(Conflict);
            }
            disk.log.push(Recorded { order, event });
            Ok(())
        })
        .await
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
/// Another writer was faster: load again.
#[derive(Debug, PartialEq)]
struct Conflict;

/// An order, folded from its events.
#[derive(Debug, Default, PartialEq)]
struct Order {
    /// How many events it has.
    version: usize,
    cents: u64,
    paid: bool,
    canceled: bool,
}

impl Order {
    fn apply(&mut self, event: &Event) {
        self.version += 1;
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

// ANCHOR: execute
/// Loads, decides and appends; and again, if another writer was faster.
async fn execute(
    store: &Store,
    order: u32,
    decide: fn(&Order) -> Decision,
) -> Result<(), &'static str> {
    loop {
        let state = store.load(order);
        let event = decide(&state)?;
        if store.append(order, state.version, event).await.is_ok() {
            return Ok(());
        }
    }
}
// ANCHOR_END: execute

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), &'static str> {
    let store = Store::default();
    execute(&store, 1, place).await?;
    let both = tokio::join!(execute(&store, 1, pay), execute(&store, 1, pay));
    println!("two payments at once: {both:?}");
    execute(&store, 1, cancel).await?;
    println!("refund: {}", store.load(1).refund());
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn of_two_payments_at_once_one_is_refused() {
        let store = Store::default();
        execute(&store, 1, place).await.unwrap();
        let (one, two) = tokio::join!(execute(&store, 1, pay), execute(&store, 1, pay));
        assert_ne!(one, two);
        assert_eq!(one.and(two), Err("already paid"));
    }

    #[tokio::test(start_paused = true)]
    async fn of_64_appends_at_one_version_one_wins() {
        let store = Store::default();
        let appends = (0..64).map(|_| store.append(1, 0, Event::Paid));
        let answers = futures::future::join_all(appends).await;
        assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1);
    }
}
// ANCHOR_END: tests
