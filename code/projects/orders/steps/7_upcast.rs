// ANCHOR: head
//! Step 7: a log outlives the program that wrote it, so old events are read as new ones.
//!
//! `cargo run -p orders --example orders-7-upcast`

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;
use tokio::time::{Duration, sleep};
// ANCHOR_END: head

/// What a write to the disk takes, and each way of a message.
const STEP: Duration = Duration::from_millis(10);

// ANCHOR: log
/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Event {
    /// Since version 2 with a currency.
    Placed {
        cents: u64,
        currency: String,
    },
    Reserved,
    Paid,
    Shipped,
    Refused,
    Refunded,
    Released,
    Canceled,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Recorded {
    order: u32,
    /// The version of the format.
    v: u32,
    event: Event,
}
// ANCHOR_END: log

// ANCHOR: read
const NEWEST: u32 = 2;

/// A line of the log that no version of this program can have written.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {why}")]
struct Unreadable {
    line: usize,
    why: serde_json::Error,
}

/// Makes a line of an older version one of the next.
fn upcast(line: &mut Value) {
    if line["v"] == 1 {
        if line["event"]["kind"] == "placed" {
            line["event"]["currency"] = json!("EUR"); // there was no other
        }
        line["v"] = json!(2);
    }
}

fn read(number: usize, line: &str) -> Result<Recorded, Unreadable> {
    serde_json::from_str(line)
        .and_then(|mut line| {
            upcast(&mut line);
            serde_json::from_value(line)
        })
        .map_err(|why| Unreadable { line: number, why })
}
// ANCHOR_END: read

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

// ANCHOR: open
impl Store {
    /// A store with the events of a file, a line each.
    fn open(file: &str) -> Result<Store, Unreadable> {
        let lines = file.lines().enumerate();
        let log = lines.map(|(number, line)| read(number, line));
        let store = Store::default();
        store.disk().log = log.collect::<Result<_, _>>()?;
        Ok(store)
    }

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
            let v = NEWEST;
            disk.log.push(Recorded { order, v, event });
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
// ANCHOR_END: open

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
    currency: String,
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
            Event::Placed { cents, currency } => {
                self.cents = *cents;
                self.currency.clone_from(currency);
            }
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
        0 => Ok(Event::Placed {
            cents: 2_000,
            currency: "CHF".to_owned(),
        }),
        _ => Err("already placed"),
    }
}
// ANCHOR_END: decide

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

// ANCHOR: relay
/// Sends a mail for each paid order, at least once, and doesn't end.
async fn relay(store: Store, mailer: Mailer) {
    loop {
        let position = store.disk().relayed;
        let Recorded { order, event, .. } = store.after(position).await;
        if event == Event::Paid {
            let mail = format!("order {order} is paid");
            mailer.deliver(position, mail).await;
        }
        store.commit(|disk| disk.relayed = position + 1).await; // after the sending
    }
}
// ANCHOR_END: relay

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

// ANCHOR: old
/// A log that version 1 has left: an order is reserved, and the process has crashed.
const OLD: &str = r#"{"order":1,"v":1,"event":{"kind":"placed","cents":1500}}
{"order":1,"v":1,"event":{"kind":"reserved"}}"#;
// ANCHOR_END: old

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Unreadable> {
    let (store, mailer) = (Store::open(OLD)?, Mailer::default());
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
    let _ = execute(&store, 2, place).await; // refused if it was placed before
    sleep(STEP * 50).await;
    println!("{:?}", caught_up(&store).await);
    println!("{:?}", mailer.inbox().mails);
    println!("{:?}", store.load(1));
    println!("{:?}", store.load(2));
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_saga_that_the_old_version_began_is_ended_by_the_new_one() {
        let store = Store::open(OLD).unwrap();
        assert_eq!(store.load(1).currency, "EUR");

        let world = World {
            reserved: BTreeSet::from([1]),
            card_is_good: true,
            ..World::default()
        };
        let world = Mutex::new(world);
        saga(&store, &world, 1).await;
        assert!(store.load(1).canceled); // the address isn't good
        assert_eq!(world.lock().unwrap().stock, 1);
    }

    #[test]
    fn without_upcasting_the_old_log_cannot_be_read() {
        let old = OLD.lines().next().unwrap();
        assert!(serde_json::from_str::<Recorded>(old).is_err());
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let event = Event::Placed {
            cents: 1,
            currency: "CHF".to_owned(),
        };
        let recorded = Recorded {
            order: 7,
            v: NEWEST,
            event,
        };
        let line = serde_json::to_string(&recorded).unwrap();
        assert_eq!(read(0, &line).unwrap(), recorded);
    }

    #[test]
    fn an_unreadable_line_is_named() {
        let file = format!("{OLD}\n{{\"order\":1,\"v\":9,\"event\":{{\"kind\":\"lost\"}}}}");
        let error = Store::open(&file).err().unwrap();
        assert_eq!(error.line, 2);
        assert!(error.why.to_string().contains("lost"));
    }
}
// ANCHOR_END: tests
