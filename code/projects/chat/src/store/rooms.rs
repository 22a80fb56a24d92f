//! Rooms, and who may be in them.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::{Store, StoreError};
use crate::name::Name;

/// So many rooms are kept.
pub const MOST_ROOMS: usize = 10_000;

/// What a room is called inside of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomKey {
    pub(super) id: i64,
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
    /// Not any more.
    Banned,
    /// Read and write.
    Member(RoomKey),
    /// And decide who else may.
    Owner(RoomKey),
}

impl Store {
    /// Makes a room, and says whether there is one of this name now that its owner made.
    ///
    /// # Errors
    ///
    /// Those of [`Store::write`].
    pub async fn create_room(
        &self,
        name: Name,
        owner: Option<Name>,
        invited_only: bool,
    ) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let count: usize =
                connection.query_row("SELECT count(*) FROM rooms", [], |row| row.get(0))?;
            if count >= MOST_ROOMS {
                return Ok(false);
            }
            let owner = owner.as_ref().map(Name::as_str);
            let made = connection.execute(
                "INSERT INTO rooms (name, epoch, owner, invited_only)
                 VALUES (?1, abs(random()) % 9007199254740991 + 1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
                params![name.as_str(), owner, invited_only],
            )?;
            Ok(made == 1)
        })
        .await
    }

    /// The rooms that this person may know of, by name.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub async fn rooms(&self, person: Name) -> Result<Vec<RoomInfo>, StoreError> {
        self.read(move |connection| {
            let mut select = connection.prepare_cached(
                "SELECT name, last, invited_only, owner FROM rooms
                 LEFT JOIN standing ON room = id AND person = ?1
                 WHERE NOT coalesce(banned, 0)
                   AND (NOT invited_only OR owner = ?1 OR banned IS NOT NULL)
                 ORDER BY name LIMIT 1000",
            )?;
            let rows = select.query_map([person.as_str()], |row| {
                let (name, owner): (String, Option<String>) = (row.get(0)?, row.get(3)?);
                Ok(RoomInfo {
                    name: name.parse().map_err(|_| rusqlite::Error::InvalidQuery)?,
                    last: row.get(1)?,
                    invited_only: row.get(2)?,
                    owner: owner.and_then(|owner| owner.parse().ok()),
                })
            })?;
            rows.collect()
        })
        .await
    }

    /// What this person may do in a room.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub async fn access(&self, room: Name, person: Name) -> Result<Access, StoreError> {
        self.read(move |connection| access(connection, &room, &person))
            .await
    }

    /// The room as it is now.
    ///
    /// # Errors
    ///
    /// Those of SQLite; [`rusqlite::Error::QueryReturnedNoRows`] if there is no such room.
    pub async fn room(&self, room: Name) -> Result<RoomKey, StoreError> {
        self.read(move |connection| {
            connection
                .prepare_cached("SELECT id, epoch, last FROM rooms WHERE name = ?1")?
                .query_row([room.as_str()], |row| {
                    Ok(RoomKey {
                        id: row.get(0)?,
                        epoch: row.get(1)?,
                        last: row.get(2)?,
                    })
                })
        })
        .await
    }

    /// Invites or bans a person; `None` takes either back.
    ///
    /// # Errors
    ///
    /// Those of [`Store::write`].
    pub async fn set_standing(
        &self,
        room: RoomKey,
        person: Name,
        banned: Option<bool>,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            match banned {
                Some(banned) => connection.execute(
                    "INSERT INTO standing (room, person, banned) VALUES (?1, ?2, ?3)
                     ON CONFLICT (room, person) DO UPDATE SET banned = excluded.banned",
                    params![room.id, person.as_str(), banned],
                )?,
                None => connection.execute(
                    "DELETE FROM standing WHERE room = ?1 AND person = ?2",
                    params![room.id, person.as_str()],
                )?,
            };
            Ok(())
        })
        .await
    }
}

fn access(connection: &Connection, room: &Name, person: &Name) -> rusqlite::Result<Access> {
    let found = connection
        .prepare_cached(
            "SELECT id, epoch, last, invited_only, owner = ?2, banned FROM rooms
             LEFT JOIN standing ON room = id AND person = ?2 WHERE name = ?1",
        )?
        .query_row(params![room.as_str(), person.as_str()], |row| {
            let key = RoomKey {
                id: row.get(0)?,
                epoch: row.get(1)?,
                last: row.get(2)?,
            };
            let (invited_only, owns): (bool, Option<bool>) = (row.get(3)?, row.get(4)?);
            let banned: Option<bool> = row.get(5)?;
            Ok(match (banned, owns, invited_only) {
                (_, Some(true), _) => Access::Owner(key),
                (Some(true), ..) => Access::Banned,
                (None, _, true) => Access::None,
                _ => Access::Member(key),
            })
        })
        .optional()?;
    Ok(found.unwrap_or(Access::None))
}
