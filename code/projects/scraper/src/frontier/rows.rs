//! Rows of the tables as values.

use rusqlite::{Connection, Result, Row};

use super::{Found, Kind, Taken, Tally};
use crate::address::Address;

/// Counts all pages; a second for a million, so not for each step.
pub(super) fn tally(connection: &Connection) -> Result<Tally> {
    let sql = "SELECT total(state = 0), total(state = 1), total(state = 2), total(state = 3), \
               total(state = 4), (SELECT total(beyond) FROM hosts), \
               (SELECT count(*) FROM items), (SELECT count(*) FROM hosts) FROM pages";
    connection.query_row(sql, (), |row| {
        let number = |column| Ok::<_, rusqlite::Error>(row.get::<_, f64>(column)? as u64);
        Ok(Tally {
            queued: number(0)?,
            taken: number(1)?,
            done: number(2)?,
            failed: number(3)?,
            skipped: number(4)?,
            beyond: number(5)?,
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
    let kind: u8 = row.get("kind")?;
    Ok(Taken {
        id: row.get("id")?,
        found: Found {
            address,
            depth: row.get("depth")?,
            hops: row.get("hops")?,
            priority: row.get("priority")?,
            kind: if kind == Kind::Sitemap as u8 {
                Kind::Sitemap
            } else {
                Kind::Page
            },
            on: row.get("found_on")?,
        },
        failures: row.get("failures")?,
        etag: row.get("etag")?,
        modified: row.get("modified")?,
    })
}
