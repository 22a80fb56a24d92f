//! The one thread that writes. All requests that wait when it looks share a transaction, and so a
//! commit: under load one fsync serves many callers, and at rest no one waits for company.

use std::sync::Arc;
use std::thread;

use patterns::group_commit::{GroupCommit, Store, group_commit};
use tracing::warn;

use crate::broker::Options;
use crate::broker::bells::Bells;
use crate::error::{BrokerError, Result};

use super::Clock;
use super::connection::File;
use super::transaction::Transaction;

/// Callers beyond these wait at the door.
const WAITING: usize = 1024;
/// Most requests in one commit.
const TOGETHER: usize = 256;

/// What the thread has. It folds the log in when it lets go of the file.
pub(super) struct Writer {
    pub(super) file: File,
    pub(super) options: Options,
    pub(super) clock: Clock,
    pub(super) bells: Arc<Bells>,
}

impl Writer {
    pub(super) fn spawn(self) -> Result<GroupCommit<Self>> {
        let (requests, worker) = group_commit(WAITING, TOGETHER);
        let thread = thread::Builder::new().name("sqlite-writer".to_owned());
        thread
            .spawn(|| worker.run_blocking(self))
            .map_err(BrokerError::unavailable)?;
        Ok(requests)
    }
}

// ANCHOR: write
impl Store for Writer {
    type Transaction<'a> = Transaction<'a>;
    type Error = BrokerError;

    fn transact(&mut self, work: impl FnOnce(&mut Transaction<'_>)) -> Result<()> {
        let connection = &self.file.0;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let begun = Transaction::begin(&self.file, &self.options, (self.clock)());
        let done = begun.and_then(|mut transaction| {
            work(&mut transaction);
            let rings = transaction.end()?;
            connection.execute_batch("COMMIT")?;
            Ok(rings)
        });
        if done.is_err() && !connection.is_autocommit() {
            // An error of ROLLBACK adds nothing to the one that led here.
            let _ = connection.execute_batch("ROLLBACK");
        }
        self.bells.ring(&done?);
        Ok(())
    }
}
// ANCHOR_END: write

impl Drop for Writer {
    /// Moves what stands in the log beside the file into the file.
    fn drop(&mut self) {
        if !self.file.0.is_autocommit() {
            return; // a panic: what had begun is taken back with the connection
        }
        // Another process may be reading: it folds the log when it closes.
        let fold = "PRAGMA wal_checkpoint(TRUNCATE)";
        if let Err(error) = self.file.0.query_row(fold, (), |_| Ok(())) {
            warn!(%error, "the log of the store stays beside its file");
        }
    }
}
