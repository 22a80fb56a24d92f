//! The whole shop, on one thread and a paused clock: a seed chooses where the process ends, what
//! of the disks and the bus fails, how silent the others are, and how the clock of the wall leaps.
//!
//! The seed doesn't fix the order in which tasks that are ready take their turns: a seed that
//! failed may need to be played more than once.
//!
//! `ORDERS_SEEDS=1000` plays a thousand; `ORDERS_SEED=17` plays that one.

use std::time::Duration;

use orders::audit::audit;
use orders::clock::Clock;
use orders::command::CommandError;
use orders::crash::Crash;
use orders::database::{Durability, Home};
use orders::event::Placement;
use orders::shop::{Settings, Shop};
use orders::world::{BAD_ADDRESS, BAD_CARD, BAD_CUSTOMER, Mood};
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::support::{during, placement, settings};

/// So many are played if no one says how many.
const SEEDS: u64 = 40;
/// So many processes may end in one story; the next is left in peace.
const LIVES: u32 = 4;

#[test]
fn whatever_a_seed_chooses_all_books_agree_in_the_end() {
    testbed::seeds::play("ORDERS", SEEDS, story);
}

/// Plays a story to its end.
fn story(seed: u64) {
    fastrand::seed(seed); // the dice of the service, too
    let folder = tempfile::tempdir().unwrap();
    let home = Home::Files(folder.path().to_owned(), Durability::Inline);
    let mut number = 0;
    loop {
        number += 1;
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let life = runtime.unwrap().block_on(life(&home, seed, number));
        if life.is_some() {
            return;
        }
    }
}

/// One process. None: it has ended before all was done.
async fn life(home: &Home, seed: u64, number: u32) -> Option<()> {
    let last = number > LIVES;
    let (count, share) = (
        fastrand::u64(1..300),
        [0.0, 0.01, 0.05][fastrand::usize(..3)],
    );
    let crash = if last {
        Crash::default()
    } else {
        Crash::weather(count, share, fastrand::u64(..))
    };
    let settings = Settings {
        patience: Duration::from_secs(fastrand::u64(1..60)),
        mood: Mood {
            delay: Duration::from_millis(fastrand::u64(0..200)),
            silent: if last { 0.0 } else { fastrand::f64() / 2.0 },
        },
        clock: Clock::own(),
        ..settings(home, crash.clone())
    };
    let story = async {
        // A disk that fails while the files are opened ends the process, and the next one begins.
        let shop = Shop::open(&settings).await.ok()?;
        during(&shop, async {
            tokio::join!(customers(&shop), leaps(&settings.clock));
            if last {
                resume_all(&shop).await;
            }
            settle_for_long(&shop).await;
        })
        .await;
        crash.take_down(None);
        let stuck = shop.views.ask(orders::views::questions::SAGAS, "stuck");
        if !last && !stuck.await.ok()?.is_empty() {
            return None; // a person looks at it in the last life
        }
        let report = audit(&shop).await.ok()?;
        let parked = shop.parked.list().await.ok()?;
        let told = format!("seed {seed}, life {number}, parked: {parked:?}");
        assert_eq!(report.faults, [""; 0], "{told}");
        assert_eq!(report.open, 0, "{told}");
        Some(())
    };
    tokio::select! {
        biased;
        () = crash.happened() => None,
        done = story => done,
    }
}

/// Looks once a second, for a clock that's paused has patience; what fails by chance is asked again.
async fn settle_for_long(shop: &Shop) {
    while !matches!(
        timeout(Duration::from_millis(1), shop.settled()).await,
        Ok(Ok(()))
    ) {
        sleep(Duration::from_secs(1)).await;
    }
}

/// A person looks at what is stuck, until nothing is.
async fn resume_all(shop: &Shop) {
    loop {
        settle_for_long(shop).await;
        let ask = shop.views.ask(orders::views::questions::SAGAS, "stuck");
        let stuck = ask.await.expect("the disk works");
        if stuck.is_empty() {
            return;
        }
        for row in stuck {
            let order: Uuid = row["order_id"].as_str().unwrap().parse().unwrap();
            let _ = shop.resume(order).await; // or the view was behind
        }
    }
}

async fn leaps(clock: &Clock) {
    for _ in 0..fastrand::u32(0..3) {
        sleep(Duration::from_millis(fastrand::u64(0..500))).await;
        clock.leap(fastrand::i64(-600_000..600_000));
    }
}

/// Each sends a command until it has an answer.
async fn customers(shop: &Shop) {
    let unlucky = |card: &str, address: &str| Placement {
        card: card.to_owned(),
        address: address.to_owned(),
        ..placement("bob", &[("tea", 1)])
    };
    let orders = [
        ("ada", placement("ada", &[("tea", 1), ("cup", 1)])),
        ("bob", unlucky(BAD_CARD, "1 Loop Road")),
        ("cleo", unlucky("good", BAD_ADDRESS)),
        ("dan", placement("dan", &[("cup", 1), ("tea", 1)])),
        ("eve", placement("eve", &[("tea", 1)])),
        ("fay", placement(BAD_CUSTOMER, &[("tea", 1)])),
    ];
    for sku in ["tea", "cup"] {
        insist(async || shop.receive("first", sku, 3).await).await;
    }
    for (key, placement) in orders {
        sleep(Duration::from_millis(fastrand::u64(0..300))).await;
        let (order, _) = insist(async || shop.place(key, placement.clone()).await)
            .await
            .unwrap();
        if key == "eve" {
            sleep(Duration::from_millis(fastrand::u64(0..300))).await;
            insist(async || shop.cancel(order, "changed my mind").await).await; // or it's too late
        }
    }
}

async fn insist<T>(mut command: impl AsyncFnMut() -> Result<T, CommandError>) -> Option<T> {
    loop {
        match command().await {
            Ok(answer) => return Some(answer),
            Err(CommandError::Database(_) | CommandError::Busy(_)) => {
                sleep(Duration::from_millis(50)).await;
            }
            Err(_) => return None,
        }
    }
}
