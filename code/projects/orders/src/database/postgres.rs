//! A PostgreSQL database behind a pool of connections.
//!
//! All statements of a change are sent before the answer to the first has come, and the commit
//! follows when all have said how many rows they have changed: two round trips and a commit,
//! however many statements there are.

use std::iter::zip;

use deadpool_postgres::{
    Client, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime,
};
use futures::TryStreamExt;
use futures::future::join_all;
use serde_json::Value;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, NoTls};

use super::{Answer, DatabaseError, PATIENCE, Points, Result, Row, Statement};
use crate::crash::Crash;

/// Connections of one process. All processes together need fewer than `max_connections`.
const CONNECTIONS: usize = 12;

/// The lock under which tables are made: two processes that make the same one disturb each other.
const MAKING: i64 = 0x6f72_6465_7273;

/// A cheap-to-clone handle to the pool.
#[derive(Clone, Debug)]
pub struct Postgres(Pool);

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        let told = error.as_db_error().map(ToString::to_string);
        let told = told.unwrap_or_else(|| error.to_string());
        match error.code() {
            Some(&SqlState::DISK_FULL) => DatabaseError::Full,
            // Class 22: a value that doesn't fit. Class 23: a rule of the table.
            Some(code) if matches!(&code.code()[..2], "22" | "23") => DatabaseError::Refused(told),
            _ => DatabaseError::Failed(told),
        }
    }
}

impl From<PoolError> for DatabaseError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            other => DatabaseError::Failed(other.to_string()),
        }
    }
}

impl Postgres {
    /// A pool for the server that the URL names. Connections are made when they are needed.
    ///
    /// # Errors
    ///
    /// If the URL can't be read.
    pub fn new(url: &str) -> Result<Postgres> {
        let mut config: Config = url.parse()?;
        // A server that stands still doesn't hold its callers for longer than this.
        let limit = 4 * PATIENCE.as_millis();
        let theirs = config.get_options().unwrap_or_default();
        config.options(format!("{theirs} -c statement_timeout={limit}"));
        let recycling_method = RecyclingMethod::Fast;
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method });
        let pool = Pool::builder(manager)
            .runtime(Runtime::Tokio1)
            .max_size(CONNECTIONS)
            .create_timeout(Some(PATIENCE))
            .wait_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| DatabaseError::Failed(error.to_string()))?;
        Ok(Postgres(pool))
    }

    /// Runs the statements of a schema that's written for SQLite.
    pub(super) async fn prepare(&self, schema: &str) -> Result<()> {
        let schema = translated(schema);
        let script = format!("BEGIN; SELECT pg_advisory_xact_lock({MAKING}); {schema} COMMIT;");
        Ok(self.0.get().await?.batch_execute(&script).await?)
    }

    /// Asks.
    pub(super) async fn read(&self, query: Statement) -> Result<Answer> {
        let client = self.0.get().await?;
        let sql = client.prepare_cached(&translated(&query.sql)).await?;
        let values: Vec<_> = query.values.into_iter().map(bound).collect();
        let rows = in_time(async {
            let rows: Vec<_> = client.query_raw(&sql, values).await?.try_collect().await?;
            Ok(rows)
        });
        let row = |row: tokio_postgres::Row| (0..row.len()).map(|at| value(&row, at)).collect();
        let rows: Result<Vec<Row>, tokio_postgres::Error> =
            rows.await?.into_iter().map(row).collect();
        let columns = sql.columns().iter().map(|it| it.name().to_owned());
        Ok(Answer {
            columns: columns.collect(),
            rows: rows?,
        })
    }

    /// Changes, in a transaction of its own.
    pub(super) async fn write(
        &self,
        change: Vec<Statement>,
        [written, told]: Points,
        crash: &Crash,
    ) -> Result<bool> {
        let mut client = self.0.get().await?;
        let changed = in_time(run(&mut client, change, crash.point(written))).await;
        if changed.is_err() {
            // Whatever it was about to do or to say: the connection isn't used again.
            drop(deadpool_postgres::Object::take(client));
        }
        crash.point(told).await;
        changed
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| Err(DatabaseError::Failed("no answer".to_owned()));
    timeout(PATIENCE * 4, work).await.unwrap_or_else(late)
}

async fn run(
    client: &mut Client,
    change: Vec<Statement>,
    before_commit: impl Future<Output = ()>,
) -> Result<bool> {
    let mut prepared = Vec::with_capacity(change.len());
    for statement in &change {
        prepared.push(client.prepare_cached(&translated(&statement.sql)).await?);
    }
    let transaction = client.transaction().await?;
    let musts: Vec<bool> = change.iter().map(|statement| statement.must).collect();
    let sent = zip(&prepared, change).map(|(sql, statement)| {
        let values: Vec<_> = statement.values.into_iter().map(bound).collect();
        transaction.execute_raw(sql, values)
    });
    // It polls them in their turn, and a statement is sent when it's polled first.
    for (must, changed) in zip(musts, join_all(sent).await) {
        if changed? == 0 && must {
            transaction.rollback().await?; // whatever became of those after it
            return Ok(false);
        }
    }
    before_commit.await;
    transaction.commit().await?;
    Ok(true)
}

/// What differs between the two: SQLite's `INTEGER` has 64 bits, and parameters are `?1`.
fn translated(sql: &str) -> String {
    let sql = sql.replace('?', "$").replace("INTEGER", "BIGINT");
    sql.replace(" WITHOUT ROWID", "")
}

fn value(row: &tokio_postgres::Row, at: usize) -> Result<Value, tokio_postgres::Error> {
    Ok(match *row.columns()[at].type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(at)?.into(),
        _ => row.try_get::<_, Option<String>>(at)?.into(),
    })
}

fn bound(value: Value) -> Box<dyn ToSql + Sync + Send> {
    match value {
        Value::String(text) => Box::new(text),
        other => Box::new(other.as_i64()), // nothing else is bound
    }
}
