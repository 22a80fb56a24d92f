//! Work that one of several processes does at a time, on a paused clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use orders::bus::{Bus, Consumer, Lanes, Message, relay};
use orders::clock::Clock;
use orders::command::Aggregate;
use orders::crash::Crash;
use orders::database::{Durability, Home};
use orders::event::Event;
use orders::lease::{Leases, TERM};
use orders::order::Order;
use orders::parked::Parked;
use orders::store::{Append, Store};
use patterns::retry::Backoff;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::support::placement;

/// Files on which tasks work and no threads, so that the paused clock stands meanwhile.
fn home() -> (TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::Files(folder.path().to_owned(), Durability::Inline);
    (folder, home)
}

type Told = Arc<Mutex<Vec<(&'static str, Duration)>>>;

/// Says when it begins to work and when it's dropped.
struct Working(&'static str, Told, Instant);

impl Working {
    fn begin(who: [&'static str; 2], told: &Told, start: Instant) -> Working {
        told.lock().unwrap().push((who[0], start.elapsed()));
        Working(who[1], Arc::clone(told), start)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.1.lock().unwrap().push((self.0, self.2.elapsed()));
    }
}

async fn work(who: [&'static str; 2], told: Told, start: Instant) {
    let _working = Working::begin(who, &told, start);
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn one_works_and_another_takes_over_a_term_after_its_end() {
    let (_folder, home) = home();
    let (told, start) = (Told::default(), Instant::now());
    let first = Leases::open(&home, Crash::default()).await.unwrap();
    let second = Leases::open(&home, Crash::default()).await.unwrap();
    let one = || work(["one begins", "one ends"], told.clone(), start);
    let _ = timeout(10 * TERM, async {
        let two = || work(["two begins", "two ends"], told.clone(), start);
        tokio::join!(
            timeout(3 * TERM, first.hold("relay", one)), // then its process ends
            async {
                sleep(TERM / 10).await;
                second.hold("relay", two).await;
            }
        )
    })
    .await;
    let told = told.lock().unwrap();
    let names: Vec<_> = told.iter().map(|it| it.0).collect();
    assert_eq!(names, ["one begins", "one ends", "two begins", "two ends"]);
    let gap = told[2].1 - told[1].1;
    assert!(gap > TERM / 2 && gap < 2 * TERM, "{gap:?}");
}

/// It can't write its beats anymore, and doesn't know whether anyone has taken its place.
#[tokio::test(start_paused = true)]
async fn one_that_cannot_keep_its_lease_stops_before_another_begins() {
    let (_folder, home) = home();
    let (told, start, crash) = (Told::default(), Instant::now(), Crash::counted());
    let first = Leases::open(&home, crash.clone()).await.unwrap();
    let second = Leases::open(&home, Crash::default()).await.unwrap();
    let one = || work(["one begins", "one ends"], told.clone(), start);
    let two = || work(["two begins", "two ends"], told.clone(), start);
    let later = async {
        sleep(TERM / 10).await;
        second.hold("relay", two).await;
    };
    let _ = timeout(6 * TERM, async {
        tokio::join!(first.hold("relay", one), later, async {
            sleep(2 * TERM).await;
            crash.take_down(Some("leases"));
        })
    })
    .await;
    let told = told.lock().unwrap();
    let names: Vec<_> = told.iter().map(|it| it.0).take(3).collect();
    assert_eq!(names, ["one begins", "one ends", "two begins"]);
}

/// A relay hangs in the middle of sending, another sends the same and more, and the first goes on.
#[tokio::test(start_paused = true)]
async fn a_relay_that_was_overtaken_while_it_sent_moves_no_place_and_sends_nothing_again() {
    let (_folder, home) = home();
    let store = Store::open(&home, Crash::default(), Clock::own())
        .await
        .unwrap();
    let parked = Parked::open(&home, Crash::default()).await.unwrap();
    let append = async |number: u128| {
        let order = Uuid::from_u128(number);
        let append = Append {
            stream: Order::stream(order),
            expected: 0,
            command: order,
            events: vec![Event::Placed(placement("ada", &[("tea", 1)]))],
        };
        store.append(append).await.unwrap();
    };
    for number in 1..=3 {
        append(number).await;
    }
    let held = Arc::new(Semaphore::new(0));
    let (slow, slow_got) = bus(&parked, Some(held.clone()));
    let (quick, quick_got) = bus(&parked, None);
    let overtaken = tokio::spawn(relay(store.clone(), slow, Crash::default()));
    sleep(TERM).await; // it has read 1 to 3, and hangs
    let other = tokio::spawn(relay(store.clone(), quick, Crash::default()));
    sleep(TERM).await;
    append(4).await;
    sleep(TERM).await;
    assert_eq!(*quick_got.lock().unwrap(), [1, 2, 3, 4]);
    other.abort();

    held.add_permits(100);
    sleep(TERM).await;
    assert_eq!(store.place("relay").await.unwrap(), 4); // and not 3
    append(5).await;
    sleep(TERM).await;
    assert_eq!(*slow_got.lock().unwrap(), [1, 2, 3, 5]); // 4 isn't sent a second time
    overtaken.abort();
}

fn bus(parked: &Parked, held: Option<Arc<Semaphore>>) -> (Bus, Arc<Mutex<Vec<u64>>>) {
    let got = Arc::<Mutex<Vec<u64>>>::default();
    let seen = Arc::clone(&got);
    let handler = Arc::new(move |message: Message| {
        let (seen, held) = (Arc::clone(&seen), held.clone());
        let deal = async move {
            if let Some(held) = held {
                held.acquire().await.expect("it isn't closed").forget();
            }
            let mut seen = seen.lock().unwrap();
            seen.push(message.id);
            seen.sort_unstable(); // four orders, four lanes
            Ok(())
        };
        deal.boxed()
    });
    let backoff = Backoff {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(2),
        attempts: 3,
    };
    let name = "mail";
    let lanes = Lanes {
        consumers: vec![Consumer { name, handler }],
        backoff,
        parked: parked.clone(),
    };
    (Bus::Within(lanes), got)
}
