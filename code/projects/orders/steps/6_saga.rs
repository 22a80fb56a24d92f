// ANCHOR: head
//! Step 6: a saga does the steps of an order one after the other, or undoes them.
//!
//! `cargo run -p orders --example orders-6-saga`
// ANCHOR_END: head

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;
use tokio::time::{Duration, sleep};

/// What a write to the disk takes, and each way of a message.
const STEP: Duration = Duration::from_millis(10);

// ANCHOR: log
/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq)]
enum Event {
    Placed { cents: u64 },
    Reserved,
    Paid,
    Shipped,
    Refused,
    Refunded,
    Released,
    Canceled,
}
// ANCHOR_END: log

#[derive(Debug, Clone)]
struct Recorded {
    order: u32,
    event: Event,
}

/// What survives a crash of the process.
#[derive(Default)]
struct Disk {
    log: Vec<Recorded>,
    sales: Sales,
    /// How many events the relay has dealt with.
    relayed: usize,
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

// ANCHOR: fold
/// An order, folded from its events.
#[derive(Debug, Default, PartialEq)]
struct Order {
    /// How many events it has.
    version: usize,
    cents: u64,
    reserved: bool,
    paid: bool,
    shipped: bool,
    /// A step was refused: back.
    refused: bool,
    canceled: bool,
}

impl Order {
    fn apply(&mut self, event: &Event) {
        self.version += 1;
        match event {
            Event::Placed { cents } => self.cents = *cents,
            Event::Reserved => self.reserved = true,
            Event::Paid => self.paid = true,
            Event::Shipped => self.shipped = true,
            Event::Refused => self.refused = true,
            Event::Refunded => self.paid = false,
            Event::Released => self.reserved = false,
            Event::Canceled => self.canceled = true,
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
// ANCHOR_END: decide

// ANCHOR: next
/// A step of the saga, or its reverse.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Action {
    Reserve,
    Charge,
    Ship,
    Refund,
    Release,
    Cancel,
}

/// What is to be done for an order, whatever happened before. `None`: it's at its end.
fn next(order: &Order) -> Option<Action> {
    match order {
        Order { cents: 0, .. } => None, // not placed
        Order { shipped: true, .. } => None,
        Order { canceled: true, .. } => None,
        Order { refused: true, .. } if order.paid => Some(Action::Refund),
        Order { refused: true, .. } if order.reserved => Some(Action::Release),
        Order { refused: true, .. } => Some(Action::Cancel),
        Order {
            reserved: false, ..
        } => Some(Action::Reserve),
        Order { paid: false, .. } => Some(Action::Charge),
        _ => Some(Action::Ship),
    }
}
// ANCHOR_END: next

// ANCHOR: world
/// Warehouse, bank and carrier. They don't crash with us, and know each order by its number.
#[derive(Debug, Clone, Default, PartialEq)]
struct World {
    stock: u32,
    reserved: BTreeSet<u32>,
    charged: BTreeSet<u32>,
    parcels: BTreeSet<u32>,
    card_is_good: bool,
    address_is_good: bool,
}

impl World {
    /// To do it once more is harmless. The answer is what happened.
    fn act(&mut self, action: Action, order: u32) -> Event {
        match action {
            Action::Reserve if self.reserved.contains(&order) => Event::Reserved,
            Action::Reserve if self.stock == 0 => Event::Refused,
            Action::Reserve => {
                self.stock -= 1;
                self.reserved.insert(order);
                Event::Reserved
            }
            Action::Charge if !self.card_is_good => Event::Refused,
            Action::Charge => {
                self.charged.insert(order);
                Event::Paid
            }
            Action::Ship if !self.address_is_good => Event::Refused,
            Action::Ship => {
                self.parcels.insert(order);
                Event::Shipped
            }
            Action::Refund => {
                self.charged.remove(&order);
                Event::Refunded
            }
            Action::Release => {
                self.stock += u32::from(self.reserved.remove(&order));
                Event::Released
            }
            Action::Cancel => Event::Canceled,
        }
    }
}
// ANCHOR_END: world

// ANCHOR: saga
/// Sends a request to the world, and waits for the answer.
async fn ask(world: &Mutex<World>, action: Action, order: u32) -> Event {
    sleep(STEP).await; // the way there
    let answer = world.lock().expect("no act panics").act(action, order);
    sleep(STEP).await; // the way of the answer
    answer
}

/// Brings an order to its end, from wherever it is.
async fn saga(store: &Store, world: &Mutex<World>, order: u32) {
    loop {
        let state = store.load(order);
        let Some(action) = next(&state) else { return };
        let event = ask(world, action, order).await;
        let _ = store.append(order, state.version, event).await; // or load again
    }
}

/// Runs the saga of each order, and doesn't end. It begins at the start of the log: the sagas
/// that are at their end have nothing to do.
async fn sagas(store: Store, world: Arc<Mutex<World>>) {
    for position in 0.. {
        let recorded = store.after(position).await;
        saga(&store, &world, recorded.order).await;
    }
}
// ANCHOR_END: saga

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), &'static str> {
    let (store, mailer) = (Store::default(), Mailer::default());
    let world = World {
        stock: 2,
        card_is_good: true,
        address_is_good: true,
        ..World::default()
    };
    let world = Arc::new(Mutex::new(world));
    tokio::spawn(project(store.clone()));
    tokio::spawn(relay(store.clone(), mailer.clone()));
    tokio::spawn(sagas(store.clone(), world.clone()));
    for order in 1..=3 {
        execute(&store, order, place).await?;
    }
    sleep(STEP * 50).await;
    println!("{:?}", caught_up(&store).await);
    println!("{:?}", mailer.inbox().mails);
    println!("{:?}", store.load(3));
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

    /// All goes well; no stock; a bad card; a bad address.
    fn worlds() -> [World; 4] {
        [
            (1, true, true),
            (0, true, true),
            (1, false, true),
            (1, true, false),
        ]
        .map(|(stock, card_is_good, address_is_good)| World {
            stock,
            card_is_good,
            address_is_good,
            ..World::default()
        })
    }

    /// Each order is shipped and paid, or it has left no trace.
    fn is_consistent(before: &World, after: &World) -> bool {
        let shipped = after.parcels.len();
        let as_before = before == after;
        let as_shipped = shipped == 1 && after.charged == after.parcels;
        as_before || as_shipped && after.stock + 1 == before.stock
    }

    #[tokio::test(start_paused = true)]
    async fn a_crash_after_any_step_leaves_no_order_half_done() {
        for before in worlds() {
            for steps in 0..20 {
                let store = Store::default();
                let world = Arc::new(Mutex::new(before.clone()));
                let _ = execute(&store, 1, place).await;
                crash_after(steps, sagas(store.clone(), world.clone())).await;
                crash_after(50, sagas(store.clone(), world.clone())).await;

                let state = store.load(1);
                assert_ne!(state.shipped, state.canceled, "after {steps}");
                let after = world.lock().unwrap();
                assert!(is_consistent(&before, &after), "after {steps}: {after:?}");
            }
        }
    }

    /// The same as one function, which keeps where it is in memory.
    async fn in_one_go(world: &Mutex<World>) {
        let undo: &[Action] = if ask(world, Action::Reserve, 1).await == Event::Refused {
            &[]
        } else if ask(world, Action::Charge, 1).await == Event::Refused {
            &[Action::Release]
        } else if ask(world, Action::Ship, 1).await == Event::Refused {
            &[Action::Refund, Action::Release]
        } else {
            &[]
        };
        for action in undo {
            ask(world, *action, 1).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn in_one_go_most_crashes_leave_an_order_half_done() {
        let before = worlds()[0].clone();
        let mut half_done = Vec::new();
        for steps in 0..10 {
            let world = Mutex::new(before.clone());
            crash_after(steps, in_one_go(&world)).await;
            if !is_consistent(&before, &world.lock().unwrap()) {
                half_done.push(steps);
            }
        }
        assert_eq!(half_done, [1, 2, 3, 4]);
    }
}
// ANCHOR_END: tests
