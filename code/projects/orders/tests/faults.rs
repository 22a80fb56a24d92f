//! Disks that fill up or fail, files that two processes write, and clocks that leap.

use std::time::Duration;

use orders::audit::audit;
use orders::clock::Clock;
use orders::command::{CommandError, execute};
use orders::crash::Crash;
use orders::database::{Database, DatabaseError, Durability, Home, sql};
use orders::shop::Shop;
use orders::stock::{self, Stock};
use orders::store::Store;
use serde_json::json;
use uuid::Uuid;

use crate::conformance::appends::goods;
use crate::support::{a_day, during, files, placement, settings, settle};

#[tokio::test]
async fn a_full_disk_refuses_changes_and_lets_readers_read_and_is_over_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let schema = "PRAGMA max_page_count = 20; CREATE TABLE rows (text TEXT NOT NULL);";
    let home = files(folder.path());
    let small = Database::open(&home, "small", schema, [None; 2], Crash::default());
    let small = small.await.unwrap();
    let insert = || sql("INSERT INTO rows VALUES (?1)", "a row of some length");
    let mut number = 0;
    let full = loop {
        match small.write(vec![insert(), insert()]).await {
            Ok(_) => number += 2,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, DatabaseError::Full), "{full}");
    let count = || small.number(sql("SELECT count(*) FROM rows", ()));
    assert_eq!(count().await.unwrap(), number); // both rows of a change, or none
    small
        .write(vec![sql("DELETE FROM rows", ())])
        .await
        .unwrap();
    small.write(vec![insert()]).await.unwrap();
    assert_eq!(count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_written_is_counted_and_the_views_go_on_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let crash = Crash::counted();
    let shop = Shop::open(&settings(&files(folder.path()), crash.clone()))
        .await
        .unwrap();
    during(&shop, async {
        crash.take_down(Some("views"));
        shop.receive("first", "tea", 5).await.unwrap();
        while shop.status().await.unwrap().failed_writes < 4 {
            tokio::task::yield_now().await;
        }
        assert_eq!(shop.views.places()["stock"], 0);
        crash.take_down(None);
        a_day(&shop).await;
        settle(&shop).await;
    })
    .await;
    assert_eq!(audit(&shop).await.unwrap().faults, [""; 0]);
}

/// The store is back before the mail is sent, so the relay can move its place: what was parked by
/// then isn't delivered again.
#[tokio::test(start_paused = true)]
async fn a_store_that_fails_while_a_saga_is_to_begin_is_waited_for_and_no_order_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::Files(folder.path().to_owned(), Durability::Inline);
    let crash = Crash::counted();
    let mut settings = settings(&home, crash.clone());
    settings.mood.delay = Duration::from_millis(200);
    let shop = Shop::open(&settings).await.unwrap();
    shop.receive("first", "tea", 5).await.unwrap();
    for key in ["ada", "bob"] {
        let placed = shop.place(key, placement(key, &[("tea", 1)])).await;
        placed.unwrap();
    }
    crash.take_down(Some("events"));
    during(&shop, async {
        tokio::time::sleep(Duration::from_millis(100)).await; // longer than all attempts
        crash.take_down(None);
        settle(&shop).await;
    })
    .await;
    let report = audit(&shop).await.unwrap();
    let parked = shop.parked.list().await.unwrap();
    assert_eq!(report.faults, [""; 0]);
    assert_eq!((report.open, report.shipped), (0, 2), "parked: {parked:?}");
    assert!(parked.is_empty(), "{parked:?}");
}

#[tokio::test]
async fn two_processes_that_read_and_then_write_one_file_see_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let home = files(folder.path());
    let table = "CREATE TABLE IF NOT EXISTS counts (number INTEGER NOT NULL);
                 INSERT INTO counts SELECT 0 WHERE NOT EXISTS (SELECT * FROM counts);";
    let open = async || {
        let database = Database::open(&home, "counts", table, [None; 2], Crash::default());
        database.await.unwrap()
    };
    let number = || sql("SELECT number FROM counts", ());
    let count = async |database: &Database| {
        for _ in 0..100 {
            loop {
                let seen = database.number(number()).await.unwrap();
                let update = "UPDATE counts SET number = ?2 WHERE number = ?1";
                let update = sql(update, (seen, seen + 1)).must();
                if database.write(vec![update]).await.unwrap() {
                    break;
                }
            }
        }
    };
    let (one, two) = (open().await, open().await);
    tokio::join!(count(&one), count(&two));
    assert_eq!(one.number(number()).await.unwrap(), 200);
}

/// Two processes append to one file: the log's row makes one of them look again.
#[tokio::test]
async fn two_processes_that_append_to_one_file_make_no_gap_and_no_double() {
    let folder = tempfile::tempdir().unwrap();
    let home = files(folder.path());
    let open = async || {
        Store::open(&home, Crash::default(), Clock::default())
            .await
            .unwrap()
    };
    let reserve = async |store: &Store| {
        for _ in 0..50 {
            let order = Uuid::new_v4();
            let decide = |it: &Stock| stock::reserve(it, "tea", order, 1);
            let reserved = execute(store, "stock-tea", order, decide).await;
            assert!(
                matches!(reserved, Ok(_) | Err(CommandError::Busy(_))),
                "{reserved:?}"
            );
        }
    };
    let (one, two) = (open().await, open().await);
    one.append(goods("stock-tea", 0, 1_000)).await.unwrap();
    tokio::join!(reserve(&one), reserve(&two));
    let read = one.after(0).await.unwrap();
    assert!(read.iter().map(|it| it.position).eq(1..=read.len() as u64));
    assert!(read.iter().map(|it| it.version).eq(1..=read.len() as u64));
}

#[tokio::test]
async fn a_clock_that_leaps_undoes_orders_that_seem_late_and_no_book_disagrees() {
    for leap in [3_600_000, -3_600_000] {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::own();
        let mut settings = settings(&files(folder.path()), Crash::default());
        settings.clock = clock.clone();
        settings.mood.delay = Duration::from_millis(2);
        let shop = Shop::open(&settings).await.unwrap();
        let order = during(&shop, async {
            shop.receive("first", "pot", 10).await.unwrap();
            let (order, _) = shop
                .place("pot", placement("ada", &[("pot", 1)]))
                .await
                .unwrap();
            clock.leap(leap);
            a_day(&shop).await;
            settle(&shop).await;
            order
        })
        .await;
        let report = audit(&shop).await.unwrap();
        assert_eq!((report.faults, report.open), (Vec::new(), 0));
        let state = &shop.views.order(order).await.unwrap().unwrap()["state"];
        assert!(
            [json!("shipped"), json!("canceled")].contains(state),
            "{state}"
        );
    }
}
