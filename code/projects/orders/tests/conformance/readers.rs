//! What readers of the log see.

use std::collections::BTreeSet;

use futures::future::join_all;
use orders::crash::Crash;
use orders::database::{Database, Home, sql};

use super::appends::{goods, open};

pub async fn a_hundred_first_appends_at_once_get_a_hundred_positions_without_a_gap(home: Home) {
    let store = open(&home).await;
    let appends = (0..100).map(|it| store.append(goods(&format!("stock-{it}"), 0, 1)));
    let answers = join_all(appends).await.into_iter();
    let positions: BTreeSet<u64> = answers.map(|it| it.unwrap().position).collect();
    assert_eq!(positions, (1..=100).collect());
    let read = store.after(0).await.unwrap();
    assert!(read.iter().map(|it| it.position).eq(1..=100));
}

pub async fn a_reader_beside_the_writers_misses_no_event(home: Home) {
    let store = open(&home).await;
    // With a server, half of them are appended by another process.
    let other = match home {
        Home::Server(_) => open(&home).await,
        Home::Files(..) => store.clone(),
    };
    let write = async {
        for round in 0..20 {
            let appends = (0..10).map(|it| {
                let writer = if it % 2 == 0 { &store } else { &other };
                writer.append(goods(&format!("stock-{it}"), round, 1))
            });
            assert!(join_all(appends).await.iter().all(Result::is_ok));
        }
    };
    let read = async {
        let (mut head, mut place, mut seen) = (store.head(), 0, Vec::new());
        while seen.len() < 200 {
            head.wait_for(|head| *head > place).await.unwrap();
            let events = store.after(place).await.unwrap();
            seen.extend(events.iter().map(|it| it.position));
            place = *seen.last().unwrap();
        }
        seen
    };
    let ((), seen) = tokio::join!(write, read);
    assert!(seen.into_iter().eq(1..=200));
}

pub async fn what_is_refused_uses_no_position(home: Home) {
    let store = open(&home).await;
    store.append(goods("stock-tea", 0, 1)).await.unwrap();
    assert!(store.append(goods("stock-tea", 0, 1)).await.is_err());
    let next = store.append(goods("stock-tea", 1, 1)).await.unwrap();
    assert_eq!(next.position, 2); // a number that no one has used is nothing to wait for
}

pub async fn a_change_of_which_one_part_fails_is_not_done(home: Home) {
    let table = "CREATE TABLE IF NOT EXISTS sums (name TEXT PRIMARY KEY, sum INTEGER NOT NULL);";
    let crash = Crash::default();
    let database = Database::open(&home, "sums", table, [None; 2], crash)
        .await
        .unwrap();
    let insert = |name: &str| sql("INSERT INTO sums VALUES (?1, 1)", name);
    let raise = |name: &str| sql("UPDATE sums SET sum = sum + 1 WHERE name = ?1", name);
    let sum = async || {
        database
            .number(sql("SELECT CAST(sum(sum) AS INTEGER) FROM sums", ()))
            .await
    };

    assert!(
        database
            .write(vec![insert("a"), raise("a").must()])
            .await
            .unwrap()
    );
    assert_eq!(sum().await.unwrap(), 2);
    assert!(
        !database
            .write(vec![raise("a"), raise("b").must()])
            .await
            .unwrap()
    );
    assert!(database.write(vec![raise("a"), insert("a")]).await.is_err());
    assert!(
        database
            .write(vec![raise("a"), sql("UPDATE nothing", ())])
            .await
            .is_err()
    );
    assert_eq!(sum().await.unwrap(), 2);
    // And what waits beside it is.
    let (good, bad) = (vec![insert("b")], vec![raise("a"), insert("a")]);
    let (good, bad) = tokio::join!(database.write(good), database.write(bad));
    assert!(good.unwrap() && bad.is_err());
    assert_eq!(sum().await.unwrap(), 3);
}
