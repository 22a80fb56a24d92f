//! What is appended, and at which version.

use futures::future::join_all;
use orders::clock::Clock;
use orders::command::{Aggregate, execute, load};
use orders::crash::Crash;
use orders::database::Home;
use orders::event::Event;
use orders::stock::{self, Stock};
use orders::store::{Append, AppendError, Store};
use uuid::Uuid;

pub async fn open(home: &Home) -> Store {
    Store::open(home, Crash::default(), Clock::default())
        .await
        .unwrap()
}

pub fn goods(stream: &str, expected: u64, quantity: u32) -> Append {
    Append {
        stream: stream.to_owned(),
        expected,
        command: Uuid::new_v4(),
        events: vec![Event::Stocked { quantity }],
    }
}

pub async fn of_64_appends_at_one_version_one_wins(home: Home) {
    // Two stores on one database are two processes; files have one.
    let shared = matches!(home, Home::Server(_));
    let stores = [open(&home).await, open(&home).await];
    let store = |at: u32| &stores[if shared { at as usize % 2 } else { 0 }];
    let appends = (0..64).map(|at| store(at).append(goods("stock-tea", 0, at + 1)));
    let answers = join_all(appends).await;
    let lost = |it: &&Result<_, _>| matches!(it, Err(AppendError::Conflict { actual: 1, .. }));
    assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1);
    assert_eq!(answers.iter().filter(lost).count(), 63);
}

pub async fn an_append_that_is_repeated_changes_nothing_and_gets_the_first_answer(home: Home) {
    let store = open(&home).await;
    let append = goods("stock-tea", 0, 5);
    let first = store.append(append.clone()).await.unwrap();
    store.append(goods("stock-tea", 1, 1)).await.unwrap();
    let second = store.append(append.clone()).await.unwrap();
    assert!(!first.repeated && second.repeated);
    assert_eq!(
        (first.position, first.version),
        (second.position, second.version)
    );
    assert_eq!(store.command(append.command).await.unwrap(), Some(second));
    assert_eq!(store.after(0).await.unwrap().len(), 2);

    let events = vec![Event::Stocked { quantity: 6 }];
    let refused = store.append(Append { events, ..append }).await;
    assert!(matches!(refused, Err(AppendError::Reused(_))));
}

pub async fn an_append_that_is_repeated_at_once_is_appended_once(home: Home) {
    let store = open(&home).await;
    let append = goods("stock-tea", 0, 5);
    let answers = join_all((0..10).map(|_| store.append(append.clone()))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|it| !it.repeated).count(), 1);
    assert!(answers.iter().all(|it| (it.position, it.version) == (1, 1)));
    assert_eq!(store.after(0).await.unwrap().len(), 1);
}

pub async fn commands_that_race_are_all_done_one_after_the_other(home: Home) {
    let store = open(&home).await;
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

pub async fn a_snapshot_may_be_lost_or_of_another_form(home: Home) {
    let store = open(&home).await;
    for version in 0..150 {
        store.append(goods("stock-tea", version, 1)).await.unwrap();
    }
    let first: (Stock, u64) = load(&store, "stock-tea").await.unwrap();
    let kept = store.snapshot("stock-tea", Stock::FORMAT).await.unwrap();
    assert_eq!(kept.unwrap().0, 150);
    for state in [
        "not a state",
        r#"{"available":7,"reserved":{},"released":{}}"#,
    ] {
        let format = Stock::FORMAT + u32::from(state.starts_with('{')); // the second is of a later form
        let keep = store.keep_snapshot("stock-tea", format, 3, state.to_owned());
        keep.await.unwrap();
        assert_eq!(load::<Stock>(&store, "stock-tea").await.unwrap(), first);
    }
}

pub async fn a_place_is_moved_by_one_of_two(home: Home) {
    let store = open(&home).await;
    assert!(store.move_place("relay", 0, 5).await.unwrap());
    assert!(!store.move_place("relay", 0, 3).await.unwrap()); // one that was taken for dead
    assert_eq!(store.place("relay").await.unwrap(), 5);
    assert_eq!(store.place("another").await.unwrap(), 0);
}
