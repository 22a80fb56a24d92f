//! Where everything is kept: SQLite files, or one PostgreSQL database, behind the same two calls.
//!
//! A question is a query. A change is a list of statements that are done together or not at all,
//! and any of them may demand to change a row. Both are plain data, so that the rest of the
//! program says the same to either database, and needs to know neither.

mod fold;
mod postgres;
mod sqlite;

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::crash::{Crash, Point};

pub use postgres::Postgres;
use sqlite::Sqlite;

/// A server that hasn't answered after this isn't waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A database that failed is asked again after this.
pub const PAUSE: Duration = Duration::from_millis(500);

/// Why something couldn't be read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No room. Reads go on; try again later.
    #[error("the disk is full")]
    Full,
    /// The thread has ended: the program stops.
    #[error("the database is closed")]
    Closed,
    /// The rows break a rule of their table, and will again.
    #[error("refused: {0}")]
    Refused(String),
    /// What the database says. It may pass: try again later. A change may have been done.
    #[error("database: {0}")]
    Failed(String),
}

/// What a database answers.
pub type Result<T, E = DatabaseError> = std::result::Result<T, E>;

/// How much a commit in a file survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power cut.
    Full,
    /// The end of the process. A power cut leaves an earlier state, as a whole: SQLite's
    /// [`synchronous = NORMAL`](https://www.sqlite.org/pragma.html#pragma_synchronous) with a WAL.
    Earlier,
    /// The end of the process. For tests.
    Process,
    /// The same; and tasks work on the file instead of threads: a paused clock stands meanwhile.
    Inline,
}

/// Where the databases are.
#[derive(Clone, Debug)]
pub enum Home {
    /// A directory of files, for one process.
    Files(PathBuf, Durability),
    /// One database, for many machines.
    Server(Postgres),
}

impl Home {
    /// The same for what can be made again: its commits don't wait for the disk.
    pub fn disposable(&self) -> Home {
        match self {
            Home::Files(directory, Durability::Full) => {
                Home::Files(directory.clone(), Durability::Earlier)
            }
            other => other.clone(),
        }
    }
}

/// The points before and after a commit, if they have names.
pub type Points = [Option<Point>; 2];

/// A row of an answer: numbers, texts and nothing else.
pub type Row = Vec<Value>;

/// What a query answers: the names of the columns, and the rows.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// A query or a statement in SQL that both databases know, with the values of `?1`, `?2` …
#[derive(Clone, Debug)]
pub struct Statement {
    sql: Cow<'static, str>,
    values: Row,
    must: bool,
}

/// A statement with its values: one number or text, a tuple or a list of them, or `()`.
pub fn sql(sql: impl Into<Cow<'static, str>>, values: impl Serialize) -> Statement {
    let values = match serde_json::to_value(values).expect("numbers and texts are JSON") {
        Value::Array(values) => values,
        Value::Null => Vec::new(),
        one => vec![one],
    };
    let (sql, must) = (sql.into(), false);
    Statement { sql, values, must }
}

impl Statement {
    /// If it changes no row, nothing of the whole change stays.
    pub fn must(self) -> Statement {
        Statement { must: true, ..self }
    }
}

/// A cheap-to-clone handle.
#[derive(Clone, Debug)]
pub struct Database {
    name: &'static str,
    kind: Kind,
    crash: Crash,
}

#[derive(Clone, Debug)]
enum Kind {
    Sqlite(Sqlite),
    Postgres(Postgres, Points),
}

impl Database {
    /// Opens the file `NAME.db`, or the server, and runs the statements of `schema`, in which
    /// `INTEGER` has 64 bits.
    ///
    /// # Errors
    ///
    /// If the file can't be opened, or the server not be reached.
    pub async fn open(
        home: &Home,
        name: &'static str,
        schema: &str,
        points: Points,
        crash: Crash,
    ) -> Result<Database> {
        let kind = match home {
            Home::Files(directory, durability) => {
                let path = directory.join(format!("{name}.db"));
                let ends = (crash.clone(), points);
                Kind::Sqlite(Sqlite::open(&path, schema, *durability, ends)?)
            }
            Home::Server(server) => {
                server.prepare(schema).await?;
                Kind::Postgres(server.clone(), points)
            }
        };
        Ok(Database { name, kind, crash })
    }

    /// Whether other processes may write as well.
    pub fn is_shared(&self) -> bool {
        matches!(self.kind, Kind::Postgres(..))
    }

    /// Asks. A row is a tuple, or a struct with its columns in their order.
    pub async fn read<T: DeserializeOwned>(&self, query: Statement) -> Result<Vec<T>> {
        let rows = self.answer(query).await?.rows.into_iter();
        let rows = rows.map(|row| serde_json::from_value(Value::Array(row)));
        let rows: Result<_, serde_json::Error> = rows.collect();
        rows.map_err(|error| DatabaseError::Failed(format!("a row of another form: {error}")))
    }

    /// The number in the first row; 0 if there's none.
    pub async fn number(&self, query: Statement) -> Result<u64> {
        let found: Vec<[Option<u64>; 1]> = self.read(query).await?;
        Ok(found.first().and_then(|row| row[0]).unwrap_or(0))
    }

    pub(crate) async fn answer(&self, query: Statement) -> Result<Answer> {
        let answer = match &self.kind {
            Kind::Sqlite(file) => file.read(query).await,
            Kind::Postgres(server, _) => server.read(query).await,
        };
        self.unless_ended(answer).await
    }

    /// Runs all statements in one transaction, and answers after its commit. False: one that must
    /// change a row has changed none, and nothing stays.
    ///
    /// # Errors
    ///
    /// After [`DatabaseError::Failed`] it may be done or not done; after the others it isn't.
    ///
    /// Cancel safety: dropping this may leave it done or not done.
    pub async fn write(&self, change: Vec<Statement>) -> Result<bool> {
        if self.crash.fails(self.name) {
            return Err(DatabaseError::Failed("the disk doesn't answer".to_owned()));
        }
        let written = match &self.kind {
            Kind::Sqlite(file) => file.write(change).await,
            Kind::Postgres(server, points) => server.write(change, *points, &self.crash).await,
        };
        self.unless_ended(written).await
    }

    /// After an end in thought, no caller gets an answer.
    async fn unless_ended<T>(&self, answer: T) -> T {
        if self.crash.has_happened() {
            std::future::pending::<()>().await;
        }
        answer
    }
}
