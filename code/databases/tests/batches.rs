//! Rows by the thousand, questions by the dozen, and steps taken once.

use std::pin::pin;

use databases::insert::{self, Reading};
use databases::load::names;
use databases::migrate::migrate;
use futures::future::{join_all, try_join_all};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use crate::support::{connect, number, pool, server};

const COUNT: &str = "SELECT count(*) FROM readings";

fn readings(count: i64) -> Vec<Reading> {
    (0..count)
        .map(|sensor| (sensor, sensor as f64 / 2.0))
        .collect()
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn all_five_ways_write_the_same_rows() {
    let server = server().await;
    let mut client = connect(&server).await;
    insert::create_table(&client).await.unwrap();
    let readings = readings(100);
    insert::one_by_one(&client, &readings).await.unwrap();
    insert::pipelined(&client, &readings).await.unwrap();
    insert::in_one_transaction(&mut client, &readings)
        .await
        .unwrap();
    insert::unnest(&client, &readings).await.unwrap();
    insert::copy(&client, &readings).await.unwrap();
    let select = "SELECT sensor, value FROM readings GROUP BY sensor, value HAVING count(*) = 5 ORDER BY sensor";
    let rows = client.query(select, &[]).await.unwrap();
    let same: Vec<Reading> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(same, readings);
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn a_row_that_is_refused_takes_the_others_with_it_but_where_each_has_its_own_commit() {
    let server = server().await;
    let mut client = connect(&server).await;
    insert::create_table(&client).await.unwrap();
    let check = "ALTER TABLE readings ADD CHECK (sensor <> 50)";
    client.batch_execute(check).await.unwrap();
    let readings = readings(100);

    assert!(
        insert::in_one_transaction(&mut client, &readings)
            .await
            .is_err()
    );
    assert!(insert::unnest(&client, &readings).await.is_err());
    assert!(insert::copy(&client, &readings).await.is_err());
    assert_eq!(number(&client, COUNT).await, 0);

    assert!(insert::one_by_one(&client, &readings).await.is_err());
    assert_eq!(number(&client, COUNT).await, 50); // up to the refused one

    client.batch_execute("TRUNCATE readings").await.unwrap();
    assert!(insert::pipelined(&client, &readings).await.is_err());
    assert_eq!(number(&client, COUNT).await, 99); // and those behind it
}

// ANCHOR: copy_dropped
#[tokio::test]
#[ignore = "needs postgres"]
async fn a_copy_that_is_dropped_half_way_leaves_nothing() {
    let server = server().await;
    let client = connect(&server).await;
    insert::create_table(&client).await.unwrap();
    {
        let copy = "COPY readings (sensor, value) FROM STDIN BINARY";
        let sink = client.copy_in(copy).await.unwrap();
        let types = [Type::INT8, Type::FLOAT8];
        let mut rows = pin!(BinaryCopyInWriter::new(sink, &types));
        for sensor in 0..10_000_i64 {
            rows.as_mut().write(&[&sensor, &0.5]).await.unwrap();
        }
    } // dropped before `finish`
    assert_eq!(number(&client, COUNT).await, 0);
}
// ANCHOR_END: copy_dropped

#[tokio::test]
#[ignore = "needs postgres"]
async fn twenty_names_are_one_query_and_one_connection() {
    let server = server().await;
    let pool = pool(&server, 1);
    let table = "CREATE TABLE users (id bigint PRIMARY KEY, name text); \
                 INSERT INTO users SELECT i, 'user ' || i FROM generate_series(0, 9) i";
    pool.get()
        .await
        .unwrap()
        .batch_execute(table)
        .await
        .unwrap();
    let names = names(pool.clone());
    let found = join_all((0..20).map(|id| names.load(id))).await;
    for (id, found) in found.into_iter().enumerate() {
        let known = (id < 10).then(|| format!("user {id}"));
        assert_eq!(found.unwrap(), known);
    }
}

// ANCHOR: migrated
#[tokio::test]
#[ignore = "needs postgres"]
async fn four_processes_that_start_together_take_each_step_once() {
    let server = server().await;
    let old = ["CREATE TABLE users (id int)"];
    let new = [old[0], "ALTER TABLE users ADD name text"];
    assert_eq!(migrate(&mut connect(&server).await, &old).await.unwrap(), 1);
    let starts = (0..4).map(async |_| migrate(&mut connect(&server).await, &new).await);
    let mut taken = try_join_all(starts).await.unwrap();
    taken.sort();
    assert_eq!(taken, [0, 0, 0, 1]);
}
// ANCHOR_END: migrated

#[tokio::test]
#[ignore = "needs postgres"]
async fn a_step_that_fails_takes_the_others_of_its_start_back() {
    let server = server().await;
    let mut client = connect(&server).await;
    let steps = [
        "CREATE TABLE users (id int)",
        "CREATE TABEL orders (id int)",
    ];
    assert!(migrate(&mut client, &steps).await.is_err());
    assert_eq!(migrate(&mut client, &steps[..1]).await.unwrap(), 1);
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn unnest_knows_conflicts_and_copy_does_not() {
    let server = server().await;
    let client = connect(&server).await;
    client
        .batch_execute("CREATE TABLE t (id bigint PRIMARY KEY)")
        .await
        .unwrap();
    let insert = "INSERT INTO t SELECT * FROM unnest($1::bigint[]) ON CONFLICT DO NOTHING";
    let ids = vec![1_i64, 2, 2, 3];
    assert_eq!(client.execute(insert, &[&ids]).await.unwrap(), 3);
    assert_eq!(client.execute(insert, &[&ids]).await.unwrap(), 0);
    let copy = "COPY t FROM STDIN ON CONFLICT DO NOTHING";
    assert!(client.copy_in::<_, &[u8]>(copy).await.is_err());
}
