//! What only happens with a server: commits out of order, restarts, and several machines.

use orders::audit::audit;
use orders::clock::Clock;
use orders::crash::Crash;
use orders::database::{Database, Home, Postgres, sql};
use orders::shop::Shop;
use orders::store::Store;
use tokio_postgres::{Client, GenericClient};

use crate::conformance::appends::goods;
use crate::support::{a_day, during, open, placement, server, settings, settle};

async fn positions(client: &Client, table: &str, after: i64) -> Vec<i64> {
    let query = format!("SELECT position FROM {table} WHERE position > $1 ORDER BY position");
    let rows = client.query(&query, &[&after]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The harm that the log's row prevents: a reader of a sequence goes on behind a number that it
/// has never seen.
#[tokio::test]
#[ignore = "needs postgresql"]
async fn a_reader_of_a_sequence_misses_an_event_that_is_committed_late() {
    let (_, database) = server().await;
    let (mut slow, mut quick, reader) = (
        database.connect().await,
        database.connect().await,
        database.connect().await,
    );
    let table = "CREATE TABLE naive (position bigserial PRIMARY KEY, body text NOT NULL)";
    reader.batch_execute(table).await.unwrap();
    let insert = async |client: &tokio_postgres::Transaction<'_>| {
        let insert = "INSERT INTO naive (body) VALUES ('') RETURNING position";
        client
            .query_one(insert, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
    };
    let first = slow.transaction().await.unwrap();
    assert_eq!(insert(&first).await, 1);
    let second = quick.transaction().await.unwrap();
    assert_eq!(insert(&second).await, 2);
    second.commit().await.unwrap();
    assert_eq!(positions(&reader, "naive", 0).await, [2]);
    first.commit().await.unwrap();
    assert_eq!(positions(&reader, "naive", 2).await, [0; 0]); // 1 is there, and isn't read

    let lost = slow.transaction().await.unwrap();
    assert_eq!(insert(&lost).await, 3);
    lost.rollback().await.unwrap();
    let next = quick.transaction().await.unwrap();
    assert_eq!(insert(&next).await, 4); // and to wait for 3 is to wait forever
}

#[tokio::test]
#[ignore = "needs postgresql"]
async fn of_two_slow_transactions_the_second_waits_and_a_reader_sees_both_in_order() {
    let (home, database) = server().await;
    let store = Store::open(&home, Crash::default(), Clock::default())
        .await
        .unwrap();
    let (mut slow, reader) = (database.connect().await, database.connect().await);
    // Another process, in the middle of its commit.
    let first = slow.transaction().await.unwrap();
    let append = "UPDATE log SET head = 1 WHERE head = 0;
                  INSERT INTO events VALUES (1, 'stock-cup', 1, 'c', 0, 0, 2, '{}')";
    first.batch_execute(append).await.unwrap();
    let second = tokio::spawn({
        let store = store.clone();
        async move { store.append(goods("stock-tea", 0, 1)).await }
    });
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    while count(&reader, waits).await == 0 {}
    assert_eq!(positions(&reader, "events", 0).await, [0; 0]);
    first.commit().await.unwrap();
    assert_eq!(second.await.unwrap().unwrap().position, 2);
    assert_eq!(positions(&reader, "events", 0).await, [1, 2]);
}

async fn count(client: &impl GenericClient, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test]
#[ignore = "needs postgresql"]
async fn an_append_that_is_rolled_back_leaves_no_gap() {
    let (home, database) = server().await;
    let store = Store::open(&home, Crash::default(), Clock::default())
        .await
        .unwrap();
    let mut client = database.connect().await;
    let lost = client.transaction().await.unwrap();
    lost.batch_execute("UPDATE log SET head = 1 WHERE head = 0")
        .await
        .unwrap();
    lost.rollback().await.unwrap();
    assert_eq!(
        store
            .append(goods("stock-tea", 0, 1))
            .await
            .unwrap()
            .position,
        1
    );
}

#[tokio::test]
#[ignore = "needs postgresql"]
async fn another_process_hears_of_an_append() {
    let (home, _) = server().await;
    let open = async || {
        Store::open(&home, Crash::default(), Clock::default())
            .await
            .unwrap()
    };
    let (one, two) = (open().await, open().await);
    one.append(goods("stock-tea", 0, 1)).await.unwrap();
    two.head().wait_for(|head| *head == 1).await.unwrap();
}

async fn assert_good(shop: &Shop, orders: usize) {
    let report = audit(shop).await.unwrap();
    let ended = report.shipped + report.canceled;
    assert_eq!((report.faults, ended), (Vec::new(), orders));
}

#[tokio::test]
#[ignore = "needs postgresql"]
async fn two_machines_share_the_work_and_each_knows_what_it_wrote() {
    let (home, _) = server().await;
    let (one, two) = (open(&home).await, open(&home).await);
    let work = async {
        a_day(&one).await;
        let (order, placed) = two
            .place("two", placement("ada", &[("tea", 1)]))
            .await
            .unwrap();
        let patience = std::time::Duration::from_secs(60);
        assert!(two.views.reached("orders", placed.position, patience).await);
        assert!(two.views.order(order).await.unwrap().is_some());
        settle(&two).await;
        settle(&one).await;
    };
    during(&one, during(&two, work)).await;
    assert_good(&one, 7).await;
}

/// The second begins while the first has the leases, and the first ends without a word.
#[tokio::test]
#[ignore = "needs postgresql"]
async fn a_machine_that_ends_is_followed_by_the_other() {
    let (home, _) = server().await;
    let (one, two) = (open(&home).await, open(&home).await);
    during(&one, a_day(&one)).await;
    drop(one);
    during(&two, settle(&two)).await;
    assert_good(&two, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_server_that_crashes_and_comes_back_costs_time_and_no_order() {
    let mut server = testbed::postgres::Postgres::start(&[]);
    let database = server.database().await;
    let home = Home::Server(Postgres::new(database.url()).unwrap());
    let shop = Shop::open(&settings(&home, Crash::default()))
        .await
        .unwrap();
    during(&shop, async {
        a_day(&shop).await;
        tokio::task::block_in_place(|| server.crash());
        assert!(shop.receive("down", "tea", 1).await.is_err());
        tokio::task::block_in_place(|| server.restart());
        // Connections of before may fail once more; the same key may be sent again.
        while shop
            .place("late", placement("ada", &[("tea", 1)]))
            .await
            .is_err()
        {}
        settle(&shop).await;
    })
    .await;
    assert_good(&shop, 7).await;
}

#[tokio::test]
#[ignore = "needs postgresql"]
async fn options_of_the_url_hold_beside_ours() {
    let (_, database) = server().await;
    let url = format!("{} options='-c work_mem=1234kB'", database.url());
    let home = Home::Server(Postgres::new(&url).unwrap());
    let server = Database::open(&home, "any", "", [None; 2], Crash::default());
    let server = server.await.unwrap();
    let settings = "SELECT current_setting('work_mem'), current_setting('statement_timeout')";
    let found: Vec<[String; 2]> = server.read(sql(settings, ())).await.unwrap();
    assert_eq!(found, [["1234kB", "20s"]]);
}
