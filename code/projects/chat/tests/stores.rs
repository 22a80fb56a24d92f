//! Both stores do the same, whoever writes beside them: each test runs on SQLite and on PostgreSQL.

use std::collections::BTreeSet;

use chat::store::{Access, Kept, LONGEST_PAGE, NewLine, Page, RoomKey, Store};
use futures::future::join_all;
use tempfile::TempDir;

use crate::support::{database, file, name, open};

/// Where two servers keep what they keep together.
struct Home {
    db: String,
    _folder: Option<TempDir>,
}

impl Home {
    fn sqlite() -> Home {
        let folder = tempfile::tempdir().unwrap();
        let db = file(&folder);
        let _folder = Some(folder);
        Home { db, _folder }
    }

    async fn postgres() -> Home {
        let db = database().await;
        Home { db, _folder: None }
    }

    /// Two servers that start at once.
    async fn two(&self) -> [Store; 2] {
        let (one, two) = tokio::join!(open(&self.db), open(&self.db));
        [one, two]
    }
}

macro_rules! on_both {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::Home::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs PostgreSQL"]
            async fn $test() {
                super::$test(super::Home::postgres().await).await;
            })*
        }
    };
}

on_both! {
    two_writers_leave_no_hole_in_the_numbers_of_a_room,
    a_line_that_two_servers_keep_at_once_is_kept_once,
    lines_come_in_pages_from_either_end,
    words_are_found_in_their_room_and_operators_are_words,
    who_may_be_in_a_room_is_what_its_owner_says,
    a_name_belongs_to_its_first_key,
    the_secret_is_one_and_rooms_have_epochs_of_their_own,
    each_room_is_made_once,
}

async fn room(store: &Store, room: &str) -> RoomKey {
    store.create_room(name(room), None, false).await.unwrap();
    store.room(name(room)).await.unwrap()
}

fn line(from: &str, id: &str, text: &str) -> NewLine {
    let (from, id, text) = (name(from), id.to_owned(), text.to_owned());
    NewLine {
        from,
        id,
        at: 1,
        text,
    }
}

async fn two_writers_leave_no_hole_in_the_numbers_of_a_room(home: Home) {
    const WRITERS: usize = 6;
    const LINES: usize = 60;
    let stores = home.two().await;
    let [tea, den] = [room(&stores[0], "tea").await, room(&stores[1], "den").await];
    let writers = (0..WRITERS).map(|writer| {
        let (store, who) = (stores[writer % 2].clone(), format!("w{writer}"));
        tokio::spawn(async move {
            let mut kept = Vec::new();
            // In turn, so that two servers lock two rooms each, and in bursts, so that some lines
            // share a transaction.
            for burst in 0..LINES / 10 {
                let lines = (0..10).map(|number| {
                    let id = (burst * 10 + number).to_string();
                    let key = if number % 2 == writer % 2 { tea } else { den };
                    let kept = store.append(key, line(&who, &id, "Tea?"));
                    async move { (key == tea, kept.await.unwrap()) }
                });
                kept.extend(join_all(lines).await);
            }
            kept
        })
    });
    let kept: Vec<Vec<(bool, Kept)>> = join_all(writers.collect::<Vec<_>>())
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    for in_tea in [true, false] {
        let of_room = |kept: &Vec<(bool, Kept)>| -> Vec<u64> {
            let of_room = kept.iter().filter(|(tea, _)| *tea == in_tea);
            of_room.map(|(_, kept)| kept.seq).collect()
        };
        for one in &kept {
            let numbers = of_room(one);
            assert!(numbers.is_sorted(), "the order of calls: {numbers:?}");
        }
        let all: BTreeSet<u64> = kept.iter().flat_map(of_room).collect();
        let expected: BTreeSet<u64> = (1..=(WRITERS * LINES / 2) as u64).collect();
        assert_eq!(all, expected);
        let (key, of) = if in_tea { (tea, "tea") } else { (den, "den") };
        for store in &stores {
            let lines = store
                .page(key, name(of), Page::After(0), LONGEST_PAGE)
                .await
                .unwrap();
            let numbers: BTreeSet<u64> = lines.iter().map(|line| line.seq).collect();
            assert_eq!(numbers, expected);
        }
    }
}

async fn a_line_that_two_servers_keep_at_once_is_kept_once(home: Home) {
    let stores = home.two().await;
    let tea = room(&stores[0], "tea").await;
    for number in 0..40 {
        let id = number.to_string();
        let both = stores
            .iter()
            .map(|store| store.append(tea, line("ann", &id, "Tea?")));
        let kept: Vec<Kept> = join_all(both)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(kept[0].seq, number + 1);
        assert_eq!(kept[1].seq, number + 1);
        assert!(kept[0].new != kept[1].new, "{kept:?}");
    }
    // Within one transaction, too; and another's line of the same id is another line.
    let lines = ["ann", "ann", "ben"].map(|who| stores[0].append(tea, line(who, "x", "Tea?")));
    let kept: Vec<Kept> = join_all(lines)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let expected = [(41, true), (41, false), (42, true)].map(|(seq, new)| Kept { seq, new });
    assert_eq!(kept, expected);
}

async fn lines_come_in_pages_from_either_end(home: Home) {
    let [store, _] = home.two().await;
    let tea = room(&store, "tea").await;
    let text = "\u{1}<b>K\u{e4}se \u{1f9c0}";
    let all = (1..=30).map(|number| store.append(tea, line("ann", &number.to_string(), text)));
    join_all(all).await;
    for (page, most, expected) in [
        (Page::After(0), 10, 1..11),
        (Page::After(25), 10, 26..31),
        (Page::Before(u64::MAX), 10, 21..31),
        (Page::Before(5), 10, 1..5),
        (Page::After(30), 10, 31..31),
    ] {
        let lines = store.page(tea, name("tea"), page, most).await.unwrap();
        let numbers: Vec<u64> = lines.iter().map(|line| line.seq).collect();
        assert_eq!(numbers, expected.collect::<Vec<u64>>(), "{page:?}");
        assert!(lines.iter().all(|line| line.text == text && line.at == 1));
    }
}

async fn words_are_found_in_their_room_and_operators_are_words(home: Home) {
    let [store, _] = home.two().await;
    let [tea, den] = [room(&store, "tea").await, room(&store, "den").await];
    for (id, text) in [
        ("1", "Green tea"),
        ("2", "black tea"),
        ("3", "tea OR coffee \"now\""),
    ] {
        store.append(tea, line("ann", id, text)).await.unwrap();
    }
    store.append(den, line("ann", "1", "tea")).await.unwrap();
    for (words, found) in [
        ("tea", vec![3, 2, 1]),
        ("green TEA", vec![1]),
        ("OR", vec![3]),
        ("\"", vec![]),
        ("NEAR(", vec![]),
        ("tea & !green | (", vec![1]),
        ("gre", vec![]),
    ] {
        let lines = store
            .search(tea, name("tea"), words.to_owned(), 9)
            .await
            .unwrap();
        let numbers: Vec<u64> = lines.iter().map(|line| line.seq).collect();
        assert_eq!(numbers, found, "{words}");
    }
}

async fn who_may_be_in_a_room_is_what_its_owner_says(home: Home) {
    let [store, other] = home.two().await;
    let [ann, ben, cleo] = ["ann", "ben", "cleo"].map(name);
    assert!(
        store
            .create_room(name("den"), Some(ann.clone()), true)
            .await
            .unwrap()
    );
    let key = store.room(name("den")).await.unwrap();
    let access = |who: &chat::name::Name| other.access(name("den"), who.clone());
    assert_eq!(access(&ann).await.unwrap(), Access::Owner(key));
    assert_eq!(access(&ben).await.unwrap(), Access::None);
    store
        .set_standing(key, ben.clone(), Some(false))
        .await
        .unwrap();
    assert_eq!(access(&ben).await.unwrap(), Access::Member(key));
    store
        .set_standing(key, ben.clone(), Some(true))
        .await
        .unwrap();
    assert_eq!(access(&ben).await.unwrap(), Access::Banned);
    store.set_standing(key, ben.clone(), None).await.unwrap();
    assert_eq!(access(&ben).await.unwrap(), Access::None);
    assert_eq!(
        other.access(name("nowhere"), ann.clone()).await.unwrap(),
        Access::None
    );
    assert!(other.room(name("nowhere")).await.is_err());
    assert_eq!(other.rooms(ann).await.unwrap().len(), 1);
    assert_eq!(other.rooms(cleo).await.unwrap(), []);
}

async fn a_name_belongs_to_its_first_key(home: Home) {
    let [store, other] = home.two().await;
    assert!(store.claim_name(name("ann"), [1; 32]).await.unwrap());
    assert!(!other.claim_name(name("ann"), [2; 32]).await.unwrap());
    assert!(other.claim_name(name("ann"), [1; 32]).await.unwrap());
}

async fn the_secret_is_one_and_rooms_have_epochs_of_their_own(home: Home) {
    let [store, other] = home.two().await;
    let secret = store.secret().await.unwrap();
    assert_eq!(secret.len(), 32);
    assert_eq!(other.secret().await.unwrap(), secret);
    assert_ne!(
        room(&store, "tea").await.epoch,
        room(&store, "den").await.epoch
    );
    store.check().await.unwrap();
}

async fn each_room_is_made_once(home: Home) {
    let stores = home.two().await;
    let made = (0..8).map(|number| stores[number % 2].create_room(name("tea"), None, false));
    let made = join_all(made)
        .await
        .into_iter()
        .filter(|made| *made.as_ref().unwrap());
    assert_eq!(made.count(), 1);
    let names: Vec<String> = stores[0]
        .rooms(name("ann"))
        .await
        .unwrap()
        .into_iter()
        .map(|room| room.name.into())
        .collect();
    assert_eq!(names, ["tea"]);
}

/// Where the two differ.
async fn found_without_its_accent(home: Home) -> usize {
    let [store, _] = home.two().await;
    let tea = room(&store, "tea").await;
    store
        .append(tea, line("ann", "1", "K\u{e4}se"))
        .await
        .unwrap();
    store
        .search(tea, name("tea"), "kase".to_owned(), 9)
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn in_sqlite_an_accent_makes_no_difference() {
    assert_eq!(found_without_its_accent(Home::sqlite()).await, 1);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn in_postgres_an_accent_makes_one() {
    assert_eq!(found_without_its_accent(Home::postgres().await).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_sqlite_a_store_that_is_closed_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&file(&folder)).await;
    let tea = room(&store, "tea").await;
    store.append(tea, line("ann", "1", "hello")).await.unwrap();
    drop(store);
    let files = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(files.count(), 1); // and no log beside it
}
