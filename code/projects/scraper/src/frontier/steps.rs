//! What a transaction can do. Each function is one step of the frontier's rules.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use patterns::group_commit::Store;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::clock::{Clock, Millis, after, millis, until};
use super::rows::{taken, tally};
use super::{Budget, Claim, Ended, Found, FrontierError, Outcome, Taken, Tally};

const QUEUED: u8 = 0;
const TAKEN: u8 = 1;
const DONE: u8 = 2;
const FAILED: u8 = 3;
const SKIPPED: u8 = 4;

pub(super) struct Steps {
    connection: Connection,
    budget: Budget,
    clock: Clock,
    pending: i64,
    /// When the transaction began.
    now: Millis,
    /// Why it can't be committed.
    broken: Option<FrontierError>,
}

/// A host while pages are added.
struct Growing {
    id: i64,
    room: u32,
    new: u32,
    beyond: u32,
}

impl Store for Steps {
    type Transaction<'a> = Steps;
    type Error = FrontierError;

    /// If one step fails, the transaction does, and all that share it are told.
    fn transact(
        &mut self,
        work: impl FnOnce(&mut Steps),
    ) -> std::result::Result<(), FrontierError> {
        let before = self.pending;
        (self.now, self.broken) = (self.clock.now(), None);
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        work(self);
        let committed = self.step(|steps| steps.connection.execute_batch("COMMIT"));
        if committed.is_err() {
            self.pending = before;
            // Its error adds nothing to the one that led here.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        committed
    }
}

impl Steps {
    pub(super) fn new(connection: Connection, budget: Budget, pending: i64) -> Steps {
        let clock = Clock::start();
        Steps {
            connection,
            budget,
            now: clock.now(),
            clock,
            pending,
            broken: None,
        }
    }

    /// Runs a step. One that fails breaks the transaction: half a step must not be committed.
    pub(super) fn step<T>(
        &mut self,
        step: impl FnOnce(&mut Steps) -> Result<T>,
    ) -> std::result::Result<T, FrontierError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        step(self).map_err(|error| self.broken.insert(error.into()).clone())
    }

    /// Rule 1: an address has one row.
    pub(super) fn add(&mut self, found: Vec<Found>) -> Result<u64> {
        let mut hosts = HashMap::new();
        let mut new = 0;
        for found in found {
            let host = match hosts.entry(found.address.host()) {
                Entry::Occupied(host) => host.into_mut(),
                Entry::Vacant(name) => {
                    let host = self.host(name.key())?;
                    name.insert(host)
                }
            };
            if host.room == 0 {
                let known = "SELECT 1 FROM pages WHERE url = ?1";
                let known = self.one(known, [found.address.as_str()], |_| Ok(()))?;
                host.beyond += u32::from(known.is_none());
            } else if self.insert(host.id, &found)? {
                (host.room, host.new) = (host.room - 1, host.new + 1);
            }
        }
        for host in hosts.into_values() {
            let count = "UPDATE hosts SET queued = queued + ?2, known = known + ?2, \
                         beyond = beyond + ?3 WHERE id = ?1";
            self.run(count, (host.id, host.new, host.beyond))?;
            new += host.new;
        }
        self.pending += i64::from(new);
        Ok(u64::from(new))
    }

    /// Adds a row for an address that has none, and says whether it did.
    fn insert(&self, host: i64, found: &Found) -> Result<bool> {
        let insert = "INSERT INTO pages (url, host, kind, depth, hops, priority, found_on) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (url) DO NOTHING";
        let (url, kind) = (found.address.as_str(), found.kind as u8);
        let (depth, hops, priority) = (found.depth, found.hops, found.priority);
        let row = params![url, host, kind, depth, hops, priority, found.on];
        Ok(self.run(insert, row)? > 0)
    }

    /// A host, and how many of its pages may be added.
    fn host(&self, name: &str) -> Result<Growing> {
        let known = "SELECT id, known FROM hosts WHERE name = ?1";
        let known = self.one(known, [name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (id, known) = match known {
            Some(known) => known,
            None => {
                let insert = "INSERT INTO hosts (name, delay) VALUES (?1, ?2)";
                self.run(insert, (name, millis(self.budget.delay)))?;
                (self.connection.last_insert_rowid(), 0)
            }
        };
        Ok(Growing {
            id,
            room: self.budget.pages.saturating_sub(known),
            new: 0,
            beyond: 0,
        })
    }

    pub(super) fn claim(&mut self, want: usize) -> Result<Claim> {
        let mut pages = Vec::new();
        while pages.len() < want
            && let Some(page) = self.take()?
        {
            pages.push(page);
        }
        Ok(Claim {
            pages,
            pending: u64::try_from(self.pending).unwrap_or_default(),
            wait: self.wait()?,
        })
    }

    /// Rule 4: the host's next moment is moved in the step that takes a page.
    fn take(&mut self) -> Result<Option<Taken>> {
        let due = "SELECT id FROM hosts WHERE queued > 0 AND next_at <= ?1 AND taken < ?2 \
                   ORDER BY next_at, taken LIMIT 1";
        let values = (self.now, self.budget.places);
        let Some(host) = self.one(due, values, |row| row.get::<_, i64>(0))? else {
            return Ok(None);
        };
        let first = "SELECT * FROM pages WHERE host = ?1 AND state = 0 \
                     ORDER BY priority DESC, id LIMIT 1";
        let Some(page) = self.one(first, [host], taken)? else {
            return Ok(None);
        };
        self.run(
            "UPDATE pages SET state = ?2 WHERE id = ?1",
            (page.id, TAKEN),
        )?;
        let step = "UPDATE hosts SET queued = queued - 1, taken = taken + 1, \
                    next_at = max(next_at, ?2 + delay + (delay > 0)) WHERE id = ?1";
        self.run(step, (host, self.now))?;
        Ok(Some(page))
    }

    /// How long until a host that has pages and places may be asked again.
    fn wait(&self) -> Result<Option<Duration>> {
        let next = "SELECT next_at FROM hosts WHERE queued > 0 AND taken < ?1 \
                    ORDER BY next_at LIMIT 1";
        let next = self.one(next, [self.budget.places], |row| row.get(0))?;
        Ok(next.map(|next| until(next, self.now)))
    }

    // ANCHOR: end
    /// Rule 3: what a visit found is added in the step that ends it.
    pub(super) fn end(&mut self, ended: Ended) -> Result<()> {
        let host = "SELECT host FROM pages WHERE id = ?1 AND state = ?2";
        let host = self.one(host, (ended.id, TAKEN), |row| row.get(0))?;
        let Some(host) = host else {
            return Ok(()); // it has ended already, and this call is a repetition
        };
        self.add(ended.found)?;
        self.leave(ended.id, host, ended.outcome)?;
        if let Some(item) = ended.item {
            let insert = "INSERT OR REPLACE INTO items (page, item) VALUES (?1, ?2)";
            self.run(insert, (ended.id, item))?;
        }
        self.free(host, ended.asked, ended.delay, ended.rest)
    }
    // ANCHOR_END: end

    /// The host has a place again, and its next moment is known.
    fn free(&self, host: i64, asked: bool, delay: Duration, rest: Duration) -> Result<()> {
        // One after the other: then the time between two is measured from the last answer, and
        // the server sees no two requests closer than that. A visit that asked for nothing costs
        // its host no time.
        let alone = self.budget.places == 1;
        let rest = if alone && asked {
            rest.max(delay)
        } else {
            rest
        };
        let free = "UPDATE hosts SET taken = taken - 1, delay = ?2, \
                    next_at = max(?3, CASE WHEN ?4 THEN 0 ELSE next_at END) WHERE id = ?1";
        let next = after(self.now, rest);
        self.run(free, (host, millis(delay), next, alone && !asked))
            .map(drop)
    }

    fn leave(&mut self, id: i64, host: i64, outcome: Outcome) -> Result<()> {
        let (state, status, reason) = match outcome {
            Outcome::Again { failed } => {
                let again = "UPDATE pages SET state = 0, failures = failures + ?2 WHERE id = ?1";
                self.run(again, (id, failed))?;
                self.run("UPDATE hosts SET queued = queued + 1 WHERE id = ?1", [host])?;
                return Ok(());
            }
            Outcome::HostDown(reason) => {
                let all = "UPDATE pages SET state = ?2, reason = ?3 WHERE host = ?1 AND state = 0";
                let queued = self.run(all, (host, FAILED, &reason))?;
                self.pending -= i64::try_from(queued).unwrap_or_default();
                self.run("UPDATE hosts SET queued = 0 WHERE id = ?1", [host])?;
                (FAILED, None, Some(reason))
            }
            Outcome::Done {
                status,
                etag,
                modified,
            } => {
                let note = "UPDATE pages SET etag = ?2, modified = ?3 WHERE id = ?1";
                self.run(note, (id, etag, modified))?;
                (DONE, Some(status), None)
            }
            Outcome::Failed(reason) => (FAILED, None, Some(reason)),
            Outcome::Skipped(reason) => (SKIPPED, None, Some(reason)),
        };
        let end = "UPDATE pages SET state = ?2, status = ?3, reason = ?4 WHERE id = ?1";
        self.run(end, (id, state, status, reason))?;
        self.pending -= 1;
        Ok(())
    }

    /// What was done is to do again; the servers say whether it has changed.
    pub(super) fn again(&mut self) -> Result<()> {
        let all = "UPDATE pages SET state = ?1, failures = 0, reason = NULL \
                   WHERE state > ?2";
        let count = self.run(all, (QUEUED, TAKEN))?;
        let count_hosts = "UPDATE hosts SET queued = (SELECT count(*) FROM pages \
                           WHERE pages.host = hosts.id AND state = 0)";
        self.run(count_hosts, ())?;
        self.pending += i64::try_from(count).unwrap_or_default();
        Ok(())
    }

    pub(super) fn tally(&mut self) -> Result<Tally> {
        tally(&self.connection)
    }

    fn one<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.connection
            .prepare_cached(sql)?
            .query_row(values, read)
            .optional()
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize> {
        self.connection.prepare_cached(sql)?.execute(values)
    }
}
