//! What is kept: lines, rooms and people; in a SQLite file, or in PostgreSQL.
//!
//! Both number the lines of a room inside of the transaction that keeps them, so that a number
//! that was drawn is one that is kept, and both answer after the commit. Servers that share a file
//! run on one machine, those that share a PostgreSQL wherever they reach it.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Serialize;
use tokio::task::spawn_blocking;

use crate::name::{Name, NotAName};
use crate::wire::Line;

pub mod postgres;
pub mod sqlite;

/// So many lines come in a page.
pub const LONGEST_PAGE: usize = 500;
/// So many rooms are kept.
pub const MOST_ROOMS: usize = 10_000;
/// So many writes may wait. Another one is refused, which its sender hears.
const WAITING_WRITES: usize = 4096;
/// So many writes share a transaction.
const BATCH: usize = 512;

/// A handle to what is kept, which closes with its last handle.
pub type Store = Arc<dyn History>;

/// What a store answers, or why it can't.
///
/// Cancel safety: a write is handed over when its method is called, and done whether or not its
/// answer is waited for.
pub type Answer<T> = BoxFuture<'static, Result<T, StoreError>>;

/// Where it is kept.
#[derive(Clone, Debug)]
pub enum Place {
    /// A SQLite file, for one server, or several of one machine.
    File(PathBuf),
    /// A PostgreSQL database, for servers on several machines.
    Postgres(Box<tokio_postgres::Config>),
}

/// What can't be done now.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Try again later: as many writes wait as may.
    #[error("{WAITING_WRITES} writes wait for the store already")]
    Busy,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// There is no room of this name.
    #[error("there is no such room")]
    NoSuchRoom,
    /// PostgreSQL has given no connection, or no answer, in time.
    #[error("the store doesn't answer in time")]
    TooSlow,
    /// What is kept under this name isn't one.
    #[error("the store holds what isn't a name")]
    NotAName(#[from] NotAName),
    /// SQLite refuses, as it does when the disk is full or another process holds the file.
    #[error("the store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refuses, or can't be reached.
    #[error("the store failed: {0}")]
    Postgres(#[from] tokio_postgres::Error),
    /// The transaction that it was a part of failed.
    #[error("the store failed: {0}")]
    Transaction(String),
}

/// A line that wants to be kept.
#[derive(Clone, Debug)]
pub struct NewLine {
    /// Who says it.
    pub from: Name,
    /// The id that the client gave it.
    pub id: String,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// What.
    pub text: String,
}

impl NewLine {
    /// The line that it has become.
    pub fn numbered(self, room: Name, seq: u64) -> Line {
        let NewLine { from, id, at, text } = self;
        Line {
            room,
            seq,
            id,
            from,
            at,
            text,
        }
    }
}

/// A line has been kept, now or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub seq: u64,
    /// Whether it was kept now.
    pub new: bool,
}

/// Which lines of a room.
#[derive(Clone, Copy, Debug)]
pub enum Page {
    /// The oldest of those with a higher number.
    After(u64),
    /// The newest of those with a lower number.
    Before(u64),
}

/// What a room is called inside of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomKey {
    /// Which, to the store that gave it.
    pub id: i64,
    /// Another one each time that the numbers begin anew. JavaScript can hold it.
    pub epoch: u64,
    /// The number of its last line when this was read.
    pub last: u64,
}

/// A room, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoomInfo {
    /// Its name.
    pub name: Name,
    /// The number of its last line.
    pub last: u64,
    /// Whether one has to be invited.
    pub invited_only: bool,
    /// Who made it, and decides who may be in it.
    pub owner: Option<Name>,
}

/// What a person may do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// There is no such room, or none that this person is to know of.
    None,
    /// Not anymore.
    Banned,
    /// Read and write.
    Member(RoomKey),
    /// And decide who else may.
    Owner(RoomKey),
}

/// What each store does. Whatever it answers, it may fail with the errors of [`StoreError`], and
/// has changed nothing then; unless the connection to PostgreSQL broke in a commit, of which no
/// one knows. A line is sent again under its id, and kept once.
pub trait History: Send + Sync {
    /// Keeps a line, once for each sender and id, and gives it the next number of its room.
    /// The order of calls is the order of numbers.
    fn append(&self, room: RoomKey, line: NewLine) -> Answer<Kept>;

    /// A page of a room's lines, oldest first, at most `most` of them and [`LONGEST_PAGE`].
    fn page(&self, room: RoomKey, name: Name, page: Page, most: usize) -> Answer<Vec<Line>>;

    /// The newest lines of a room in which all of these words stand, newest first. Case makes no
    /// difference; an accent makes none in SQLite, and one in PostgreSQL.
    fn search(&self, room: RoomKey, name: Name, words: String, most: usize) -> Answer<Vec<Line>>;

    /// Makes a room, and says whether it has. If not, there is one of this name, or as many as
    /// may be.
    fn create_room(&self, name: Name, owner: Option<Name>, invited_only: bool) -> Answer<bool>;

    /// The rooms that this person may know of, by name, at most 1,000.
    fn rooms(&self, person: Name) -> Answer<Vec<RoomInfo>>;

    /// What this person may do in a room.
    fn access(&self, room: Name, person: Name) -> Answer<Access>;

    /// The room as it is now.
    fn room(&self, room: Name) -> Answer<RoomKey>;

    /// Invites or bans a person; `None` takes either back.
    fn set_standing(&self, room: RoomKey, person: Name, banned: Option<bool>) -> Answer<()>;

    /// Gives a name to the holder of a key, if it is free or is theirs. Says whether it is now.
    fn claim_name(&self, name: Name, key_hash: [u8; 32]) -> Answer<bool>;

    /// What sessions are signed with. It is drawn when the store is made, and stays in it.
    fn secret(&self) -> Answer<Vec<u8>>;

    /// Whether a write would go through: for the readiness of the server.
    fn check(&self) -> Answer<()>;
}

/// Opens it, and makes it if there is nothing.
///
/// # Errors
///
/// No such folder, no permission, not a database; PostgreSQL can't be reached.
pub async fn open(place: &Place) -> Result<Store, StoreError> {
    Ok(match place.clone() {
        Place::Postgres(config) => Arc::new(postgres::Postgres::open(*config).await?),
        Place::File(file) => {
            let opened = spawn_blocking(move || sqlite::Sqlite::open(&file)).await;
            Arc::new(opened.map_err(|_| StoreError::Closed)??)
        }
    })
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        let is_url = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| text.starts_with(scheme));
        if is_url {
            let config = text.parse().map(Box::new);
            let why = |error: tokio_postgres::Error| error.to_string();
            return config.map(Place::Postgres).map_err(why);
        }
        // To SQLite these are databases in memory, a different one for each connection.
        match text.is_empty() || text.starts_with(':') || text.starts_with("file:") {
            true => Err(format!("{text:?} is not the path of a file")),
            false => Ok(Place::File(text.into())),
        }
    }
}

/// What may be done, from what the store has of a person and a room.
fn access(key: RoomKey, invited_only: bool, owns: Option<bool>, banned: Option<bool>) -> Access {
    match (banned, owns, invited_only) {
        (_, Some(true), _) => Access::Owner(key),
        (Some(true), ..) => Access::Banned,
        (None, _, true) => Access::None,
        _ => Access::Member(key),
    }
}
