//! A shop in a directory of its own, and a day in its life.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use orders::audit::{Report, audit};
use orders::clock::Clock;
use orders::crash::Crash;
use orders::database::{Durability, Home, Postgres};
use orders::event::{Line, Placement};
use orders::shop::{Settings, Shop};
use orders::world::{BAD_ADDRESS, BAD_CARD, BAD_CUSTOMER, Mood};
use patterns::retry::Backoff;
use uuid::Uuid;

/// Files in a directory.
pub fn files(directory: &Path) -> Home {
    Home::Files(directory.to_owned(), Durability::Process)
}

/// An empty database of PostgreSQL, and where it is.
pub async fn server() -> (Home, testbed::postgres::Database) {
    let database = testbed::postgres::Postgres::shared().database().await;
    (
        Home::Server(Postgres::new(database.url()).unwrap()),
        database,
    )
}

pub fn settings(home: &Home, crash: Crash) -> Settings {
    Settings {
        home: home.clone(),
        bus: None,
        patience: Duration::from_secs(60),
        backoff: Backoff {
            first: Duration::from_millis(1),
            longest: Duration::from_millis(5),
            attempts: 3,
        },
        mood: Mood::default(),
        crash,
        clock: Clock::default(),
    }
}

pub async fn open(home: &Home) -> Shop {
    Shop::open(&settings(home, Crash::default()))
        .await
        .expect("it opens")
}

pub fn placement(customer: &str, lines: &[(&str, u32)]) -> Placement {
    Placement {
        customer: customer.to_owned(),
        lines: lines
            .iter()
            .map(|(sku, quantity)| Line {
                sku: (*sku).to_owned(),
                quantity: *quantity,
            })
            .collect(),
        cents: 2_000,
        currency: "EUR".to_owned(),
        card: "good".to_owned(),
        address: "1 Loop Road".to_owned(),
    }
}

/// Runs the shop while `work` goes on.
pub async fn during<T>(shop: &Shop, work: impl Future<Output = T>) -> T {
    tokio::select! {
        biased; // a simulation wants no dice but its own
        ended = shop.run() => panic!("the shop has ended: {ended:?}"),
        answer = work => answer,
    }
}

/// Six customers, each of whom meets another fate. They may all come again.
pub async fn a_day(shop: &Shop) {
    a_day_with(shop, &Answered::default()).await;
}

/// The orders whose customers have had an answer.
pub type Answered = Mutex<Vec<Uuid>>;

/// The same, which notes the answers.
pub async fn a_day_with(shop: &Shop, answered: &Answered) {
    let stock = [("first", "tea", 4), ("first", "cup", 1)];
    for (key, sku, quantity) in stock {
        shop.receive(key, sku, quantity).await.expect("it's taken");
    }
    let poison = placement(BAD_CUSTOMER, &[("tea", 1)]);
    let mut broke = placement("bob", &[("tea", 1)]);
    broke.card = BAD_CARD.to_owned();
    let mut lost = placement("cleo", &[("tea", 1)]);
    lost.address = BAD_ADDRESS.to_owned();
    let orders = [
        ("ada", placement("ada", &[("tea", 1), ("cup", 1)])),
        ("bob", broke),
        ("cleo", lost),
        ("dan", placement("dan", &[("cup", 1), ("tea", 1)])),
        ("eve", placement("eve", &[("tea", 1)])),
        ("fay", poison),
    ];
    for (key, placement) in orders {
        let (order, _) = shop.place(key, placement).await.expect("it's placed");
        answered.lock().unwrap().push(order);
        if key == "eve" {
            let _ = shop.cancel(order, "changed my mind").await; // or it's too late
        }
        if key == "cleo" {
            shop.rebuild("sales").await.expect("the disk works");
        }
    }
}

/// Waits until there is nothing left to do.
pub async fn settle(shop: &Shop) {
    let patience = Duration::from_secs(60);
    if tokio::time::timeout(patience, shop.settled())
        .await
        .is_err()
    {
        panic!("it doesn't settle: {:#?}", shop.status().await);
    }
}

/// The day, until there is nothing left to do, and the audit.
pub async fn whole_day(shop: &Shop) -> Report {
    whole_day_with(shop, &Answered::default()).await
}

/// The same, which notes the answers.
pub async fn whole_day_with(shop: &Shop, answered: &Answered) -> Report {
    during(shop, async {
        a_day_with(shop, answered).await;
        settle(shop).await;
    })
    .await;
    audit(shop).await.expect("the disk works")
}
