//! Looking into a frontier's file.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::clock::{Clock, until};
use super::rows::tally;
use super::{Busy, FrontierError, Page, Result, Tally, View};
use crate::address::Address;

/// A view into the file, which changes nothing.
#[derive(Debug)]
pub struct Reader(Connection);

impl Reader {
    /// Opens the file. It's an error if there is none.
    pub fn open(path: &Path) -> Result<Reader> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = |error| FrontierError::Store(format!("{}: {error}", path.display()));
        Connection::open_with_flags(path, flags)
            .map(Reader)
            .map_err(failed)
    }
}

impl View for Reader {
    async fn tally(&self) -> Result<Tally> {
        Ok(tally(&self.0)?)
    }

    async fn page(&self, address: &Address) -> Result<Option<Page>> {
        let sql = "SELECT state, status, reason, depth, failures, \
                   (SELECT url FROM pages AS other WHERE other.id = pages.found_on), \
                   (SELECT next_at FROM hosts WHERE hosts.id = pages.host) \
                   FROM pages WHERE url = ?1";
        let now = Clock::start().now();
        let page = self.0.query_row(sql, [address.as_str()], |row| {
            let states = ["queued", "being visited", "done", "failed", "skipped"];
            let state: usize = row.get(0)?;
            Ok(Page {
                state: states.get(state).copied().unwrap_or("unknown"),
                status: row.get(1)?,
                reason: row.get(2)?,
                depth: row.get(3)?,
                failures: row.get(4)?,
                found_on: row.get(5)?,
                rest: until(row.get(6)?, now),
            })
        });
        Ok(page.optional()?)
    }

    async fn seeds(&self) -> Result<HashSet<String>> {
        let sql = "SELECT DISTINCT name FROM pages JOIN hosts ON hosts.id = pages.host \
                   WHERE found_on IS NULL";
        let mut hosts = self.0.prepare(sql)?;
        let hosts = hosts.query_map((), |row| row.get(0))?;
        Ok(hosts.collect::<rusqlite::Result<_>>()?)
    }

    async fn busiest(&self, most: u32) -> Result<Vec<Busy>> {
        let sql = "SELECT name, queued, delay, next_at FROM hosts WHERE queued > 0 \
                   ORDER BY queued DESC LIMIT ?1";
        let mut hosts = self.0.prepare(sql)?;
        let now = Clock::start().now();
        let hosts = hosts.query_map([most], |row| {
            Ok(Busy {
                host: row.get(0)?,
                queued: row.get(1)?,
                delay: Duration::from_millis(row.get(2)?),
                rest: until(row.get(3)?, now),
            })
        })?;
        Ok(hosts.collect::<rusqlite::Result<_>>()?)
    }

    async fn reasons(&self, most: u32) -> Result<Vec<(String, u64)>> {
        let sql = "SELECT reason, count(*) FROM pages WHERE reason IS NOT NULL \
                   GROUP BY reason ORDER BY count(*) DESC, reason LIMIT ?1";
        let mut reasons = self.0.prepare(sql)?;
        let reasons = reasons.query_map([most], |row| row.try_into())?;
        Ok(reasons.collect::<rusqlite::Result<_>>()?)
    }

    async fn items(&self, mut write: impl FnMut(&str) -> std::io::Result<()>) -> Result<()> {
        let mut items = self.0.prepare("SELECT item FROM items ORDER BY page")?;
        let mut rows = items.query(())?;
        while let Some(row) = rows.next()? {
            let item: String = row.get(0)?;
            write(&item).map_err(|error| FrontierError::Store(error.to_string()))?;
        }
        Ok(())
    }
}
