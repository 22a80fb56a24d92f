// ANCHOR: head
//! Step 4: a view follows the log, and its place in it is written with it.
//!
//! `cargo run -p orders --example orders-4-projection`

use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;
use tokio::time::{Duration, sleep};
// ANCHOR_END: head

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

// ANCHOR: view
/// What survives a crash of the process.
#[derive(Default)]
struct Disk {
    log: Vec<Recorded>,
    sales: Sales,
}

/// A view: what a question needs, ready to be read.
#[derive(Debug, Clone, Default, PartialEq)]
struct Sales {
    paid_orders: u64,
    /// How many events of the log are in it.
    position: usize,
}

impl Sales {
    fn apply(&mut self, recorded: &Recorded) {
        if recorded.event == Event::Paid {
            self.paid_orders += 1;
        }
    }
}
// ANCHOR_END: view

// ANCHOR: store
#[derive(Clone, Default)]
struct Store {
    disk: Arc<Mutex<Disk>>,
    /// Changes with the disk.
    changes: Arc<watch::Sender<()>>,
}

impl Store {
    /// Changes the disk as a whole or, if the process ends before, not at all.
    async fn commit<T>(&self, change: impl FnOnce(&mut Disk) -> T) -> T {
        sleep(STEP).await;
        let answer = change(&mut self.disk());
        self.changes.send_replace(());
        answer
    }

    /// The first of the log's events after `position`; waits until there is one.
    async fn after(&self, position: usize) -> Recorded {
        let mut changes = self.changes.subscribe();
        loop {
            let next = self.disk().log.get(position).cloned();
            match next {
                Some(recorded) => return recorded,
                None => changes.changed().await.expect("the store holds the sender"),
            }
        }
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

// ANCHOR: project
/// Keeps the sales up to date, and doesn't end.
async fn project(store: Store) {
    loop {
        let position = store.disk().sales.position;
        let recorded = store.after(position).await;
        store
            .commit(|disk| {
                disk.sales.apply(&recorded);
                disk.sales.position = position + 1; // in the same commit
            })
            .await;
    }
}
// ANCHOR_END: project

// ANCHOR: caught-up
/// Waits until the sales know all that is in the log now: a writer reads its own writes.
async fn caught_up(store: &Store) -> Sales {
    let head = store.disk().log.len();
    let mut changes = store.changes.subscribe();
    loop {
        let sales = store.disk().sales.clone();
        if sales.position >= head {
            return sales;
        }
        changes.changed().await.expect("the store holds the sender");
    }
}
// ANCHOR_END: caught-up

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), &'static str> {
    let store = Store::default();
    tokio::spawn(project(store.clone()));
    for order in 1..=3 {
        execute(&store, order, place).await?;
        execute(&store, order, pay).await?;
    }
    println!("now:      {:?}", store.disk().sales);
    println!("a moment: {:?}", caught_up(&store).await);
    execute(&store, 3, cancel).await?;
    println!("refund of order 3: {}", store.load(3).refund());
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    /// Runs `process`, and pulls the plug after so many steps.
    async fn crash_after(steps: u32, process: impl Future<Output = ()>) {
        let _ = timeout(STEP * steps + STEP / 2, process).await;
    }

    async fn three_paid_orders() -> Store {
        let store = Store::default();
        for order in 1..=3 {
            execute(&store, order, place).await.unwrap();
            execute(&store, order, pay).await.unwrap();
        }
        store
    }

    #[tokio::test(start_paused = true)]
    async fn a_crash_after_any_step_counts_no_order_twice() {
        for steps in 0..10 {
            let store = three_paid_orders().await;
            crash_after(steps, project(store.clone())).await;
            tokio::spawn(project(store.clone()));
            assert_eq!(caught_up(&store).await.paid_orders, 3, "after {steps}");
        }
    }

    /// The same with the position in a commit of its own.
    async fn project_in_two_commits(store: Store) {
        loop {
            let position = store.disk().sales.position;
            let recorded = store.after(position).await;
            store.commit(|disk| disk.sales.apply(&recorded)).await;
            store.commit(|disk| disk.sales.position += 1).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn with_two_commits_some_crashes_count_an_order_twice() {
        let mut counts = Vec::new();
        for steps in 0..10 {
            let store = three_paid_orders().await;
            crash_after(steps, project_in_two_commits(store.clone())).await;
            tokio::spawn(project_in_two_commits(store.clone()));
            counts.push(caught_up(&store).await.paid_orders);
        }
        assert_eq!(counts, [3, 3, 3, 4, 3, 3, 3, 4, 3, 3]);
    }
}
// ANCHOR_END: tests
