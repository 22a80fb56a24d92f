//! A PostgreSQL database behind a pool of connections.
//!
//! All statements of a change are sent before the answer to the first has come, and the commit
//! follows when all have said how many rows they have changed: two round trips and a commit,
//! however many statements there are.

use std::error::Error;
use std::pin::Pin;

use deadpool_postgres::{
    Client, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime,
};
use futures::future::maybe_done;
use futures::poll;
use serde_json::Value;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres::{Config, NoTls};

use super::{Answer, DatabaseError, PATIENCE, Points, Row, Statement};
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
        let told = error
            .as_db_error()
            .map_or_else(|| error.to_string(), ToString::to_string);
        match error.code() {
            Some(&SqlState::DISK_FULL) => DatabaseError::Full,
            // Class 22: a value that doesn't fit. Class 23: a rule of the table.
            Some(code)
                if ["22", "23"]
                    .iter()
                    .any(|class| code.code().starts_with(class)) =>
            {
                DatabaseError::Refused(told)
            }
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
    pub fn new(url: &str) -> Result<Postgres, DatabaseError> {
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
    pub async fn prepare(&self, schema: &str) -> Result<(), DatabaseError> {
        let schema = translated(schema);
        let script = format!("BEGIN; SELECT pg_advisory_xact_lock({MAKING}); {schema} COMMIT;");
        Ok(self.0.get().await?.batch_execute(&script).await?)
    }

    /// Asks.
    pub async fn read(&self, query: Statement) -> Result<Answer, DatabaseError> {
        let client = self.0.get().await?;
        let sql = client.prepare_cached(&translated(&query.sql)).await?;
        let values: Vec<_> = query.values.iter().map(Bound).collect();
        let rows = client.query_raw(&sql, &values);
        let rows = timeout(PATIENCE * 4, async { collect(rows.await?).await }).await;
        let rows = rows.map_err(|_| DatabaseError::Failed("no answer".to_owned()))??;
        let columns = sql
            .columns()
            .iter()
            .map(|it| it.name().to_owned())
            .collect();
        Ok(Answer { columns, rows })
    }

    /// Changes, in a transaction of its own.
    pub async fn write(
        &self,
        change: Vec<Statement>,
        [written, told]: Points,
        crash: &Crash,
    ) -> Result<bool, DatabaseError> {
        let mut client = self.0.get().await?;
        let changed = timeout(
            PATIENCE * 4,
            run(&mut client, &change, || crash.point(written)),
        );
        let changed = changed.await;
        if !matches!(changed, Ok(Ok(_))) {
            // Whatever it was about to do or to say: the connection isn't used again.
            drop(deadpool_postgres::Object::take(client));
        }
        crash.point(told).await;
        changed.map_err(|_| DatabaseError::Failed("no answer".to_owned()))?
    }
}

async fn run<F: Future>(
    client: &mut Client,
    change: &[Statement],
    before_commit: impl FnOnce() -> F,
) -> Result<bool, DatabaseError> {
    let mut prepared = Vec::with_capacity(change.len());
    for statement in change {
        prepared.push(client.prepare_cached(&translated(&statement.sql)).await?);
    }
    let transaction = client.transaction().await?;
    let mut sent: Vec<Pin<Box<_>>> = Vec::with_capacity(change.len());
    for (sql, statement) in prepared.iter().zip(change) {
        let values: Vec<_> = statement.values.iter().map(Bound).collect();
        let mut answer = Box::pin(maybe_done(transaction.execute_raw(sql, values)));
        let _ = poll!(&mut answer); // now it's sent, in its turn
        sent.push(answer);
    }
    let mut complete = true;
    for (mut answer, statement) in sent.into_iter().zip(change) {
        (&mut answer).await;
        let changed = answer.as_mut().take_output().expect("it's done")?;
        complete = changed > 0 || !statement.must;
        if !complete {
            break;
        }
    }
    if !complete {
        transaction.rollback().await?;
        return Ok(false);
    }
    before_commit().await;
    transaction.commit().await?;
    Ok(true)
}

/// What differs between the two: SQLite's `INTEGER` has 64 bits, and parameters are `?1`.
fn translated(sql: &str) -> String {
    let sql = sql.replace('?', "$").replace("INTEGER", "BIGINT");
    sql.replace(" WITHOUT ROWID", "")
}

async fn collect(rows: tokio_postgres::RowStream) -> Result<Vec<Row>, tokio_postgres::Error> {
    use futures::TryStreamExt;
    rows.and_then(async |row| (0..row.len()).map(|at| value(&row, at)).collect())
        .try_collect()
        .await
}

fn value(row: &tokio_postgres::Row, at: usize) -> Result<Value, tokio_postgres::Error> {
    Ok(match *row.columns()[at].type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(at)?.into(),
        Type::INT4 => row.try_get::<_, Option<i32>>(at)?.into(),
        _ => row.try_get::<_, Option<String>>(at)?.into(),
    })
}

#[derive(Debug)]
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::String(text) => text.to_sql(kind, out),
            other => match (other.as_i64(), kind) {
                (Some(number), &Type::INT4) => i32::try_from(number)?.to_sql(kind, out),
                (number, _) => number.to_sql(kind, out),
            },
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT4 | Type::INT8) || <&str as ToSql>::accepts(kind)
    }

    to_sql_checked!();
}
