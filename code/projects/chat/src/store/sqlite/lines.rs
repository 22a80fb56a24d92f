//! Lines: kept once, numbered without holes, read in pages, searched by word.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::LONGEST_PAGE;
use super::{Kept, Line, Name, NewLine, Page, RoomKey};

pub(super) fn page(
    connection: &Connection,
    room: RoomKey,
    name: &Name,
    page: Page,
    most: usize,
) -> rusqlite::Result<Vec<Line>> {
    let (sql, seq) = match page {
        Page::After(seq) => (AFTER, seq),
        Page::Before(seq) => (BEFORE, seq),
    };
    let most = most.min(LONGEST_PAGE);
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let mut select = connection.prepare_cached(sql)?;
    let rows = select.query_map(params![room.id, seq, most], |row| line(row, name))?;
    let mut lines = rows.collect::<rusqlite::Result<Vec<Line>>>()?;
    lines.sort_by_key(|line| line.seq);
    Ok(lines)
}

pub(super) fn search(
    connection: &Connection,
    room: RoomKey,
    name: &Name,
    words: &str,
    most: usize,
) -> rusqlite::Result<Vec<Line>> {
    let (words, most) = (quoted(words), most.min(LONGEST_PAGE));
    let mut select = connection.prepare_cached(SEARCH)?;
    let rows = select.query_map(params![words, room.id, most], |row| line(row, name))?;
    rows.collect()
}

const AFTER: &str = "SELECT seq, client_id, sender, at, text FROM lines
    WHERE room = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
const BEFORE: &str = "SELECT seq, client_id, sender, at, text FROM lines
    WHERE room = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3";
const SEARCH: &str = "SELECT seq, client_id, sender, at, lines.text FROM words
    JOIN lines ON lines.id = words.rowid
    WHERE words MATCH ?1 AND room = ?2 ORDER BY seq DESC LIMIT ?3";

// ANCHOR: append
pub(super) fn append(
    connection: &Connection,
    room: RoomKey,
    line: &NewLine,
) -> rusqlite::Result<Kept> {
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
// ANCHOR_END: append

/// The newest line of all rooms, by its place in the table.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(id), 0) FROM lines")?
        .query_row([], |row| row.get(0))
}

/// Makes the lines after this one searchable. Once for a transaction, and not for each line: at
/// each savepoint FTS5 writes what it has gathered as a piece of its index, to be merged later.
pub(super) fn index_words(connection: &Connection, last: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO words (rowid, text) SELECT id, text FROM lines WHERE id > ?1")?
        .execute([last])?;
    Ok(())
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
