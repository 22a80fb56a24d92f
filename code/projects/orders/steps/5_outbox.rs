// ANCHOR: head
//! Step 5: the log is the outbox; a relay sends what is new, and the receiver knows what it has.
//!
//! `cargo run -p orders --example orders-5-outbox`

use std::collections::BTreeSet;
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

// ANCHOR: disk
/// What survives a crash of the process.
#[derive(Default)]
struct Disk {
    log: Vec<Recorded>,
    sales: Sales,
    /// How many events the relay has dealt with.
    relayed: usize,
}
// ANCHOR_END: disk

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

// ANCHOR: mailer
/// Another service, which sends mail. It has a disk of its own, and doesn't crash with us.
#[derive(Clone, Default)]
struct Mailer {
    inbox: Arc<Mutex<Inbox>>,
}

#[derive(Default)]
struct Inbox {
    /// The messages that have been dealt with.
    seen: BTreeSet<usize>,
    mails: Vec<String>,
}

impl Inbox {
    fn receive(&mut self, message: usize, mail: String) {
        if self.seen.insert(message) {
            self.mails.push(mail);
        }
    }
}

impl Mailer {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().expect("no change panics")
    }

    /// Takes a message. To take it again is harmless.
    async fn deliver(&self, message: usize, mail: String) {
        sleep(STEP).await; // the way there
        self.inbox().receive(message, mail);
        sleep(STEP).await; // the way of the answer
    }
}
// ANCHOR_END: mailer

// ANCHOR: relay
/// Sends a mail for each paid order, at least once, and doesn't end.
async fn relay(store: Store, mailer: Mailer) {
    loop {
        let position = store.disk().relayed;
        let Recorded { order, event } = store.after(position).await;
        if event == Event::Paid {
            let mail = format!("order {order} is paid");
            mailer.deliver(position, mail).await;
        }
        store.commit(|disk| disk.relayed = position + 1).await; // after the sending
    }
}
// ANCHOR_END: relay

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), &'static str> {
    let (store, mailer) = (Store::default(), Mailer::default());
    tokio::spawn(project(store.clone()));
    tokio::spawn(relay(store.clone(), mailer.clone()));
    for order in 1..=3 {
        execute(&store, order, place).await?;
        execute(&store, order, pay).await?;
    }
    println!("{:?}", caught_up(&store).await);
    execute(&store, 3, cancel).await?;
    println!("refund of order 3: {}", store.load(3).refund());
    sleep(STEP * 20).await;
    println!("{:?}", mailer.inbox().mails);
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

    /// Places and pays an order, and relays, all in one process.
    async fn shop(store: Store, mailer: Mailer) {
        let customer = async {
            let _ = execute(&store, 1, place).await; // or it has been placed
            let _ = execute(&store, 1, pay).await;
        };
        tokio::join!(customer, relay(store.clone(), mailer));
    }

    #[tokio::test(start_paused = true)]
    async fn a_crash_after_any_step_neither_loses_a_mail_nor_sends_two() {
        for steps in 0..10 {
            let (store, mailer) = (Store::default(), Mailer::default());
            crash_after(steps, shop(store.clone(), mailer.clone())).await;
            crash_after(20, shop(store, mailer.clone())).await;
            let mails = mailer.inbox().mails.clone();
            assert_eq!(mails, ["order 1 is paid"], "after {steps}");
        }
    }

    /// No relay: the command sends the mail itself, after it has appended.
    async fn shop_without_an_outbox(store: Store, mailer: Mailer) {
        let _ = execute(&store, 1, place).await;
        if execute(&store, 1, pay).await.is_ok() {
            mailer.deliver(1, "order 1 is paid".to_owned()).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_outbox_one_crash_loses_the_mail() {
        let mut lost = Vec::new();
        for steps in 0..10 {
            let (store, mailer) = (Store::default(), Mailer::default());
            let first = shop_without_an_outbox(store.clone(), mailer.clone());
            crash_after(steps, first).await;
            crash_after(20, shop_without_an_outbox(store, mailer.clone())).await;
            if mailer.inbox().mails.is_empty() {
                lost.push(steps);
            }
        }
        assert_eq!(lost, [2]); // the payment is on the disk, and the mail isn't sent
    }
}
// ANCHOR_END: tests
