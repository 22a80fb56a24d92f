//! People: a name belongs to the one who took it first, and holds its key.

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError};
use crate::name::Name;

impl Store {
    /// Gives a name to the holder of a key, if it is free or is theirs. Says whether it is now.
    ///
    /// # Errors
    ///
    /// Those of [`Store::write`].
    pub async fn claim_name(&self, name: Name, key_hash: [u8; 32]) -> Result<bool, StoreError> {
        self.write(move |connection| {
            connection.execute(
                "INSERT INTO people (name, key_hash) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![name.as_str(), key_hash],
            )?;
            let holds: Option<bool> = connection
                .query_row(
                    "SELECT key_hash = ?2 FROM people WHERE name = ?1",
                    params![name.as_str(), key_hash],
                    |row| row.get(0),
                )
                .optional()?;
            Ok(holds == Some(true))
        })
        .await
    }

    /// What sessions are signed with. It is drawn when the file is made, and stays in it.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub async fn secret(&self) -> Result<Vec<u8>, StoreError> {
        self.read(|connection| {
            connection.query_row("SELECT secret FROM meta", [], |row| row.get(0))
        })
        .await
    }
}
