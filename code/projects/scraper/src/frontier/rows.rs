//! Rows of the tables as values.

use rusqlite::{Connection, Result, Row};

use super::{Found, Kind, Taken, Tally};
use crate::address::Address;

/// Counts all pages; a second for a million, so not for each step.
pub(super) fn tally(connection: &Connection) -> Result<Tally> {
    let sql = "SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1), \
               count(*) FILTER (WHERE state = 2), count(*) FILTER (WHERE state = 3), \
               count(*) FILTER (WHERE state = 4), (SELECT ifnull(sum(beyond), 0) FROM hosts), \
               (SELECT count(*) FROM items), (SELECT count(*) FROM hosts) FROM pages";
    connection.query_row(sql, (), |row| {
        Ok(Tally {
            queued: row.get(0)?,
            taken: row.get(1)?,
            done: row.get(2)?,
            failed: row.get(3)?,
            skipped: row.get(4)?,
            beyond: row.get(5)?,
            items: row.get(6)?,
            hosts: row.get(7)?,
        })
    })
}

/// A row of `pages`.
pub(super) fn taken(row: &Row<'_>) -> Result<Taken> {
    let url: String = row.get("url")?;
    let address = Address::parse(&url);
    let address = address.map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, error.into())
    })?;
    Ok(Taken {
        id: row.get("id")?,
        // The file has one process, which loses nothing.
        lease: 0,
        found: Found {
            address,
            depth: row.get("depth")?,
            hops: row.get("hops")?,
            priority: row.get("priority")?,
            kind: Kind::of(row.get("kind")?),
            on: row.get("found_on")?,
        },
        failures: row.get("failures")?,
        etag: row.get("etag")?,
        modified: row.get("modified")?,
    })
}
