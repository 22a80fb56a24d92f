//! Views that are rebuilt, that meet events they can't read, and that are asked at once.

use std::collections::BTreeSet;
use std::fs;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use orders::crash::Crash;
use orders::database::{Database, Durability, Home, Row, sql};
use orders::shop::Shop;
use orders::views::VIEWS;
use tokio::sync::Notify;

use crate::support::{a_day, during, files, open, placement, settle, whole_day};

#[tokio::test]
async fn views_that_were_deleted_come_back_from_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let shop = open(&files(directory.path())).await;
    let before = whole_day(&shop).await;
    drop(shop);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(directory.path().join(format!("views.db{suffix}")));
    }
    let shop = open(&files(directory.path())).await;
    assert_eq!(whole_day(&shop).await, before);
}

/// The program's files are written as by `Durability::Full`: those of the views don't wait for the
/// disk, so after a power cut the end of their write-ahead log may be missing.
#[tokio::test]
async fn views_that_a_power_cut_set_back_catch_up_to_the_same_rows() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::Files(directory.path().to_owned(), Durability::Full);
    let shop = open(&home).await;
    whole_day(&shop).await;
    let (rows, places) = (all_rows(&home).await, shop.views.places());
    let written = fs::read(directory.path().join("views.db-wal")).unwrap();
    let mut seen = BTreeSet::new();
    for end in ends_of_commits(&written) {
        let after = tempfile::tempdir().unwrap();
        for file in fs::read_dir(directory.path()).unwrap() {
            let file = file.unwrap().file_name();
            if file.to_string_lossy().ends_with("-shm") {
                continue; // it's memory
            }
            fs::copy(directory.path().join(&file), after.path().join(&file)).unwrap();
        }
        let whole = written.len().min(end + 1_000); // the next page is there in part
        fs::write(after.path().join("views.db-wal"), &written[..whole]).unwrap();
        let home = files(after.path());
        let shop = open(&home).await;
        seen.insert(shop.views.places()["orders"]);
        catch_up(&shop).await;
        assert_eq!(shop.views.places(), places, "cut at {end}");
        assert_eq!(all_rows(&home).await, rows, "cut at {end}");
    }
    assert!(
        seen.len() > 2 && seen.contains(&0) && seen.contains(&places["orders"]),
        "{seen:?}"
    );
}

/// Where each commit in a write-ahead log of SQLite ends: its last page says how many the file has.
fn ends_of_commits(written: &[u8]) -> Vec<usize> {
    let number = |at: usize| u32::from_be_bytes(written[at..at + 4].try_into().unwrap());
    let (head, page) = (32, 24 + number(8) as usize);
    let pages = (head..=written.len() - page).step_by(page);
    let last = pages.filter(|at| number(at + 4) > 0);
    std::iter::once(head)
        .chain(last.map(|at| at + page))
        .collect()
}

/// All that the views have.
async fn all_rows(home: &Home) -> Vec<Vec<Row>> {
    let views = Database::open(home, "views", "", [None; 2], Crash::default());
    let (views, mut rows) = (views.await.unwrap(), Vec::new());
    for view in VIEWS {
        let query = sql(format!("SELECT * FROM {}", view.name), ());
        rows.push(views.read(query).await.unwrap());
    }
    rows
}

async fn catch_up(shop: &Shop) {
    let head = *shop.store.head().borrow();
    during(shop, async {
        for view in VIEWS {
            let reached = shop.views.reached(view.name, head, Duration::from_secs(60));
            assert!(reached.await, "{}", view.name);
        }
    })
    .await;
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_skipped_and_named_and_stops_no_view() {
    let directory = tempfile::tempdir().unwrap();
    let shop = open(&files(directory.path())).await;
    let insert = "INSERT INTO events VALUES (1, 'order-x', 1, 'c', 0, 0, 99, '{}')";
    let home = files(directory.path());
    let events = Database::open(&home, "events", "", [None; 2], Crash::default());
    let head = sql("UPDATE log SET head = 1", ());
    events
        .await
        .unwrap()
        .write(vec![sql(insert, ()), head])
        .await
        .unwrap();
    whole_day_settles(&shop).await;
    let skipped = shop.status().await.unwrap().skipped;
    assert_eq!(skipped.len(), 4); // one for each view
    assert!(skipped.iter().all(|it| it["position"] == 1));
    assert!(
        skipped[0]["error"].to_string().contains("format 99"),
        "{skipped:?}"
    );
}

async fn whole_day_settles(shop: &Shop) {
    during(shop, async {
        a_day(shop).await;
        settle(shop).await;
    })
    .await;
}

#[tokio::test]
async fn a_writer_reads_its_own_write_when_it_names_its_position() {
    let directory = tempfile::tempdir().unwrap();
    let shop = open(&files(directory.path())).await;
    during(&shop, async {
        for number in 0..20 {
            let key = number.to_string();
            let (order, placed) = shop
                .place(&key, placement("ada", &[("tea", 1)]))
                .await
                .unwrap();
            let patience = Duration::from_secs(20);
            assert!(
                shop.views
                    .reached("orders", placed.position, patience)
                    .await
            );
            assert!(shop.views.order(order).await.unwrap().is_some());
        }
    })
    .await;
    let head = *shop.store.head().borrow();
    assert!(
        !shop
            .views
            .reached("orders", head + 1, Duration::from_millis(1))
            .await
    );
}

/// Told when a future that was polled by hand may go on.
#[derive(Default)]
struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn a_rebuild_that_ends_after_an_event_has_come_sets_no_view_back() {
    let directory = tempfile::tempdir().unwrap();
    let home = files(directory.path());
    let shop = open(&home).await;
    let views = Database::open(&home, "views", "", [None; 2], Crash::default());
    let views = views.await.unwrap();
    during(&shop, async {
        let woken = Arc::new(Woken::default());
        let mut rebuild = pin!(shop.rebuild("stock"));
        let mut begun = false;
        loop {
            let waker = Arc::clone(&woken).into();
            let polled = rebuild.as_mut().poll(&mut Context::from_waker(&waker));
            if let Poll::Ready(rebuilt) = polled {
                rebuilt.unwrap(); // before we looked: once more
                rebuild.set(shop.rebuild("stock"));
                begun = false;
                continue;
            }
            woken.0.notified().await; // something that it has asked for is done
            let shadow = "SELECT count(*) FROM views WHERE name = 'stock_new'";
            let has_shadow = views.number(sql(shadow, ())).await.unwrap() > 0;
            if begun && !has_shadow {
                break; // the new table is in its place, and the rebuild doesn't know yet
            }
            begun = has_shadow;
        }
        let received = shop.receive("late", "tea", 1).await.unwrap().position;
        let patience = Duration::from_secs(60);
        assert!(shop.views.reached("stock", received, patience).await);
        rebuild.await.unwrap();
        assert_eq!(shop.views.places()["stock"], received);
    })
    .await;
}
