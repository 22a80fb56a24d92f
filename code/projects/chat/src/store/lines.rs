//! Lines: kept once, numbered without holes, read in pages, searched by word.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{RoomKey, Store, StoreError};
use crate::name::Name;
use crate::wire::Line;

/// So many lines come in a page.
pub const LONGEST_PAGE: usize = 500;

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

impl Store {
    // ANCHOR: append
    /// Keeps a line, once for each sender and id, and gives it the next number of its room.
    /// It is handed over in this call, and not in the first poll: the order of calls is the
    /// order of numbers.
    ///
    /// # Errors
    ///
    /// Those of [`Store::write`].
    pub fn append(
        &self,
        room: RoomKey,
        line: NewLine,
    ) -> impl Future<Output = Result<Kept, StoreError>> + Send + use<> {
        let handed_over = self.submit(move |connection| append(connection, room, &line));
        async move { handed_over?.await.unwrap_or(Err(StoreError::Closed)) }
    }
    // ANCHOR_END: append

    /// A page of a room's lines, oldest first, at most `most` of them and [`LONGEST_PAGE`].
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub async fn page(
        &self,
        room: RoomKey,
        name: Name,
        page: Page,
        most: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let (sql, seq) = match page {
            Page::After(seq) => (AFTER, seq),
            Page::Before(seq) => (BEFORE, seq),
        };
        let most = most.min(LONGEST_PAGE);
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        let mut lines = self
            .read(move |connection| {
                let mut select = connection.prepare_cached(sql)?;
                let rows = select.query_map(params![room.id, seq, most], |row| line(row, &name))?;
                rows.collect::<rusqlite::Result<Vec<Line>>>()
            })
            .await?;
        lines.sort_by_key(|line| line.seq);
        Ok(lines)
    }

    /// The newest lines of a room in which all of these words stand.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub async fn search(
        &self,
        room: RoomKey,
        name: Name,
        words: &str,
        most: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let words = quoted(words);
        let most = most.min(LONGEST_PAGE);
        self.read(move |connection| {
            let mut select = connection.prepare_cached(SEARCH)?;
            let rows = select.query_map(params![words, room.id, most], |row| line(row, &name))?;
            rows.collect()
        })
        .await
    }
}

const AFTER: &str = "SELECT seq, client_id, sender, at, text FROM lines
    WHERE room = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
const BEFORE: &str = "SELECT seq, client_id, sender, at, text FROM lines
    WHERE room = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3";
const SEARCH: &str = "SELECT seq, client_id, sender, at, lines.text FROM words
    JOIN lines ON lines.id = words.rowid
    WHERE words MATCH ?1 AND room = ?2 ORDER BY seq DESC LIMIT ?3";

fn append(connection: &Connection, room: RoomKey, line: &NewLine) -> rusqlite::Result<Kept> {
    let key = params![room.id, line.from.as_str(), line.id];
    let before = connection
        .prepare_cached("SELECT seq FROM lines WHERE room = ?1 AND sender = ?2 AND client_id = ?3")?
        .query_row(key, |row| row.get(0))
        .optional()?;
    if let Some(seq) = before {
        return Ok(Kept { seq, new: false });
    }
    let seq = connection
        .prepare_cached("UPDATE rooms SET last = last + 1 WHERE id = ?1 RETURNING last")?
        .query_row([room.id], |row| row.get(0))?;
    connection
        .prepare_cached(
            "INSERT INTO lines (room, seq, sender, client_id, at, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            room.id,
            seq,
            line.from.as_str(),
            line.id,
            line.at,
            line.text
        ])?;
    Ok(Kept { seq, new: true })
}

fn line(row: &Row<'_>, room: &Name) -> rusqlite::Result<Line> {
    let from: String = row.get(2)?;
    Ok(Line {
        room: room.clone(),
        seq: row.get(0)?,
        id: row.get(1)?,
        from: from.parse().map_err(|_| rusqlite::Error::InvalidQuery)?,
        at: row.get(3)?,
        text: row.get(4)?,
    })
}

/// Each word in quotes, so that none is taken for an operator of FTS5.
fn quoted(words: &str) -> String {
    let quoted = words
        .split_whitespace()
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")));
    quoted.collect::<Vec<_>>().join(" ")
}
