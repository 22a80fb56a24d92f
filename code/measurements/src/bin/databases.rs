//! What a round trip and a commit cost, and how they are shared: on a private PostgreSQL, and on SQLite.
//!
//! Both write to disk as they do by default, SQLite with a write-ahead log. The ways take turns, and of each the median
//! round counts; what is printed are ratios of one run, since rates depend on the disk.
//!
//! On a machine that does other things, a commit waits for a core, too: run it with `chrt -f 50` there, as root.

use std::future::Future;
use std::time::Instant;

use anyhow::{Context, Result};
use databases::insert::{self, Reading};
use futures::future::try_join_all;
use measurements::Report;
use testbed::postgres::{Database, Postgres};
use toml::Value;

const ROUNDS: usize = 7;
/// Rows of a round, and for the ways that need it, more of them.
const ROWS: i64 = 500;
const MANY: i64 = 20_000;
/// Users whose names are asked for, one by one and together.
const USERS: i64 = 100;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let report = runtime.block_on(report())?;
    print!("{}", report.to_toml()?);
    Ok(())
}

async fn report() -> Result<Report> {
    let server = Postgres::start(&["fsync=on", "full_page_writes=on"]);
    let database = server.database().await;
    let mut values = Vec::new();
    values.extend(inserts(&database).await?);
    values.extend(selects(&database).await?);
    values.extend(tokio::task::spawn_blocking(sqlite).await??);
    Ok(Report {
        name: "databases",
        what: "Rows a second written to PostgreSQL 15 over a Unix socket, with fsync, as multiples of one INSERT and one commit at a time: pipelined on one connection, pipelined in one transaction of 500, one UNNEST of 500, one COPY of 20,000; names of 100 users by one query each, as a multiple of one query for all (`n_plus_one`), and pipelined; a new connection and a query, as a multiple of the query; and for SQLite with a write-ahead log, rows a second in transactions of 500 as a multiple of one each, with synchronous=FULL and NORMAL. Rounded to one digit, the medians of 7 rounds on two cores that do nothing else",
        values,
    })
}

async fn timed<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<f64>
where
    anyhow::Error: From<E>,
{
    let start = Instant::now();
    work.await?;
    Ok(start.elapsed().as_secs_f64())
}

async fn inserts(database: &Database) -> Result<Vec<(&'static str, Value)>> {
    let mut client = database.connect().await;
    insert::create_table(&client).await?;
    let rows = |count: i64| -> Vec<Reading> { (0..count).map(|sensor| (sensor, 0.5)).collect() };
    let (few, many) = (rows(ROWS), rows(MANY));
    let mut seconds = [const { Vec::new() }; 5];
    for _ in 0..ROUNDS {
        let more = (MANY / ROWS) as f64;
        seconds[0].push(timed(insert::one_by_one(&client, &few)).await?);
        seconds[1].push(timed(insert::pipelined(&client, &few)).await?);
        seconds[2].push(timed(insert::in_one_transaction(&mut client, &few)).await?);
        seconds[3].push(timed(insert::unnest(&client, &few)).await?);
        seconds[4].push(timed(insert::copy(&client, &many)).await? / more);
    }
    let [one, pipelined, transaction, unnest, copy] = seconds.map(median);
    Ok(vec![
        ("pipelined", about(one / pipelined)),
        ("in_one_transaction", about(one / transaction)),
        ("unnest", about(one / unnest)),
        ("copy", about(one / copy)),
    ])
}

async fn selects(database: &Database) -> Result<Vec<(&'static str, Value)>> {
    let client = database.connect().await;
    let table = "CREATE TABLE users (id bigint PRIMARY KEY, name text); \
                 INSERT INTO users SELECT i, 'user ' || i FROM generate_series(0, 99999) i; ANALYZE users";
    client.batch_execute(table).await?;
    let one = client
        .prepare("SELECT name FROM users WHERE id = $1")
        .await?;
    let all = client
        .prepare("SELECT id, name FROM users WHERE id = ANY($1)")
        .await?;
    let ids: Vec<i64> = (0..USERS).map(|user| user * 997).collect();
    let mut seconds = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for id in &ids {
            client.query_one(&one, &[id]).await?;
        }
        seconds[0].push(start.elapsed().as_secs_f64());
        let names = ids
            .iter()
            .map(async |id| client.query_one(&one, &[id]).await);
        seconds[1].push(timed(try_join_all(names)).await?);
        seconds[2].push(timed(client.query(&all, &[&ids])).await?);
        let anew = async {
            let client = database.connect().await;
            client
                .query("SELECT name FROM users WHERE id = 1", &[])
                .await?;
            anyhow::Ok(())
        };
        seconds[3].push(timed(anew).await?);
    }
    let [each, pipelined, together, anew] = seconds.map(median);
    Ok(vec![
        ("n_plus_one", about(each / together)),
        ("n_plus_one_pipelined", about(pipelined / together)),
        ("connection_per_query", about(anew / (each / USERS as f64))),
    ])
}

fn sqlite() -> Result<Vec<(&'static str, Value)>> {
    let mut values = Vec::new();
    for (name, level) in [
        ("sqlite_grouped_full", "FULL"),
        ("sqlite_grouped_normal", "NORMAL"),
    ] {
        let folder = tempfile::tempdir()?;
        let mut file = rusqlite::Connection::open(folder.path().join("readings.db"))?;
        file.pragma_update(None, "journal_mode", "WAL")?;
        file.pragma_update(None, "synchronous", level)?;
        file.execute_batch("CREATE TABLE readings (sensor INTEGER, value REAL)")?;
        let (mut each, mut grouped) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            for (size, seconds) in [(1, &mut each), (ROWS, &mut grouped)] {
                let start = Instant::now();
                for _ in 0..ROWS / size {
                    write(&mut file, size)?;
                }
                seconds.push(start.elapsed().as_secs_f64());
            }
        }
        values.push((name, about(median(each) / median(grouped))));
    }
    Ok(values)
}

fn write(file: &mut rusqlite::Connection, rows: i64) -> Result<()> {
    let transaction = file.transaction()?;
    for sensor in 0..rows {
        let insert = "INSERT INTO readings VALUES (?1, ?2)";
        transaction.prepare_cached(insert)?.execute((sensor, 0.5))?;
    }
    transaction.commit().context("the disk is full")
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Rounded to one digit, which is as much as a busy machine can tell.
fn about(ratio: f64) -> Value {
    let step = 10_f64.powi(ratio.log10().floor() as i32).max(1.0);
    Value::Integer(((ratio / step).round() * step) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_keeps_one_digit() {
        let about = |ratio| about(ratio).as_integer().expect("a number");
        assert_eq!([0.8, 1.4, 5.6, 14.9, 333.0].map(about), [1, 1, 6, 10, 300]);
    }

    #[test]
    fn the_median_ignores_one_slow_round() {
        assert!((median(vec![9.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
