//! What every event store promises; a second store would be run through the same.

use std::collections::BTreeSet;

use futures::future::join_all;
use orders::command::{Aggregate, execute, load};
use orders::crash::Crash;
use orders::database::{DatabaseError, Durability};
use orders::event::Event;
use orders::stock::{self, Stock};
use orders::store::sqlite::SqliteStore;
use orders::store::{Append, AppendError, EventStore};
use tempfile::TempDir;
use uuid::Uuid;

async fn store() -> (TempDir, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let store = SqliteStore::open(&path, Durability::Process, Crash::default()).await;
    (directory, store.unwrap())
}

fn goods(stream: &str, expected: u64, quantity: u32) -> Append {
    Append {
        stream: stream.to_owned(),
        expected,
        command: Uuid::new_v4(),
        events: vec![Event::Stocked { quantity }],
    }
}

#[tokio::test]
async fn of_64_appends_at_one_version_one_wins() {
    let (_directory, store) = store().await;
    let answers = join_all((0..64).map(|it| store.append(goods("stock-tea", 0, it + 1)))).await;
    let lost = |it: &&Result<_, _>| matches!(it, Err(AppendError::Conflict { actual: 1, .. }));
    assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1);
    assert_eq!(answers.iter().filter(lost).count(), 63);
}

#[tokio::test]
async fn a_hundred_first_appends_at_once_get_a_hundred_positions_without_a_gap() {
    let (_directory, store) = store().await;
    let appends = (0..100).map(|it| store.append(goods(&format!("stock-{it}"), 0, 1)));
    let answers = join_all(appends).await.into_iter();
    let positions: BTreeSet<u64> = answers.map(|it| it.unwrap().position).collect();
    assert_eq!(positions, (1..=100).collect());
    let read = store.after(0).await.unwrap();
    assert!(read.iter().map(|it| it.position).eq(1..=100));
}

#[tokio::test]
async fn a_reader_beside_the_writers_misses_no_event() {
    let (_directory, store) = store().await;
    let write = async {
        for round in 0..20 {
            let appends = (0..10).map(|it| store.append(goods(&format!("stock-{it}"), round, 1)));
            assert!(join_all(appends).await.iter().all(Result::is_ok));
        }
    };
    let read = async {
        let (mut head, mut place, mut seen) = (store.head(), 0, Vec::new());
        while seen.len() < 200 {
            head.wait_for(|head| *head > place).await.unwrap();
            seen.extend(
                store
                    .after(place)
                    .await
                    .unwrap()
                    .iter()
                    .map(|it| it.position),
            );
            place = *seen.last().unwrap();
        }
        seen
    };
    let ((), seen) = tokio::join!(write, read);
    assert!(seen.into_iter().eq(1..=200));
}

#[tokio::test]
async fn an_append_that_is_repeated_changes_nothing_and_gets_the_first_answer() {
    let (_directory, store) = store().await;
    let append = goods("stock-tea", 0, 5);
    let first = store.append(append.clone()).await.unwrap();
    store.append(goods("stock-tea", 1, 1)).await.unwrap();
    let second = store.append(append.clone()).await.unwrap();
    assert!(!first.repeated && second.repeated);
    assert_eq!(
        (first.position, first.version),
        (second.position, second.version)
    );
    assert_eq!(store.after(0).await.unwrap().len(), 2);

    let other = Append {
        events: vec![Event::Stocked { quantity: 6 }],
        ..append
    };
    let refused = store.append(other).await;
    assert!(matches!(refused, Err(AppendError::Reused(_))));
}

#[tokio::test]
async fn commands_that_race_are_all_done_one_after_the_other() {
    let (_directory, store) = store().await;
    store.append(goods("stock-tea", 0, 10)).await.unwrap();
    let reserve = |order: Uuid| {
        let store = &store;
        async move {
            let decide = |it: &Stock| stock::reserve(it, "tea", order, 1);
            execute(store, "stock-tea", Uuid::new_v4(), decide).await
        }
    };
    let answers = join_all((0..25).map(|_| reserve(Uuid::new_v4()))).await;
    assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 10); // and 15 refused
    let (stock, version) = load::<Stock>(&store, "stock-tea").await.unwrap();
    assert_eq!((stock.available, version), (0, 11));
}

#[tokio::test]
async fn a_snapshot_may_be_lost_or_of_another_form() {
    let (_directory, store) = store().await;
    for version in 0..150 {
        store.append(goods("stock-tea", version, 1)).await.unwrap();
    }
    let first: (Stock, u64) = load(&store, "stock-tea").await.unwrap();
    let (version, _) = store
        .snapshot("stock-tea", Stock::FORMAT)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(version, 150);
    for state in [
        "not a state",
        r#"{"available":7,"reserved":{},"released":{}}"#,
    ] {
        let format = Stock::FORMAT + u32::from(state.starts_with('{')); // the second is of a later form
        store
            .keep_snapshot("stock-tea", format, 3, state.to_owned())
            .await
            .unwrap();
        assert_eq!(load::<Stock>(&store, "stock-tea").await.unwrap(), first);
    }
}

#[tokio::test]
async fn a_full_disk_refuses_appends_and_lets_readers_read_and_is_over_when_there_is_room() {
    let (_directory, store) = store().await;
    store.append(goods("stock-tea", 0, 1)).await.unwrap();
    let pages = |most: u32| {
        let set = move |it: &rusqlite::Connection| {
            it.pragma_update_and_check(None, "max_page_count", most, |row| row.get::<_, u32>(0))?;
            Ok::<_, DatabaseError>(())
        };
        store.database().write(set)
    };
    pages(1).await.unwrap();
    let mut version = 1;
    let full = loop {
        match store.append(goods("stock-tea", version, 1)).await {
            Ok(appended) => version = appended.version,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(full, AppendError::Database(DatabaseError::Full)),
        "{full}"
    );
    assert_eq!(store.after(0).await.unwrap().len() as u64, version.min(500));
    pages(1_000_000).await.unwrap();
    let appended = store.append(goods("stock-tea", version, 1)).await.unwrap();
    assert_eq!(appended.version, version + 1);
}
