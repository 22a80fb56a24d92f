//! What a clean end leaves: files that hold everything, so that they can be copied without their logs.

use std::fs;

use rusqlite::Connection;
use tokio::task::spawn_blocking;

use super::{DatabaseError, Home, PATIENCE};

impl Home {
    /// Folds the logs into their files, once nothing is written anymore.
    ///
    /// # Errors
    ///
    /// If a file can't be written: its log is needed beside it then, as after a crash.
    pub async fn fold(self) -> Result<(), DatabaseError> {
        let Home::Files(directory, _) = self else {
            return Ok(());
        };
        let folded = spawn_blocking(move || {
            let failed = |error: std::io::Error| DatabaseError::Failed(error.to_string());
            for entry in fs::read_dir(directory).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path.extension().is_some_and(|it| it == "db") {
                    let file = Connection::open(path)?;
                    file.busy_timeout(PATIENCE)?;
                    file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
                }
            }
            Ok(())
        });
        folded.await.map_err(|_| DatabaseError::Closed)?
    }
}
