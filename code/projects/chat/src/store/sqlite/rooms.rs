//! Rooms, and who may be in them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::access as allowed;
use super::{Access, MOST_ROOMS, Name, RoomInfo, RoomKey};

pub(super) fn create(
    connection: &Connection,
    name: &Name,
    owner: Option<&Name>,
    invited_only: bool,
) -> rusqlite::Result<bool> {
    let count: usize = connection.query_row("SELECT count(*) FROM rooms", [], |row| row.get(0))?;
    if count >= MOST_ROOMS {
        return Ok(false);
    }
    let made = connection.execute(
        "INSERT INTO rooms (name, epoch, owner, invited_only)
         VALUES (?1, abs(random()) % 9007199254740991 + 1, ?2, ?3)
         ON CONFLICT DO NOTHING",
        params![name.as_str(), owner.map(Name::as_str), invited_only],
    )?;
    Ok(made == 1)
}

pub(super) fn all_for(connection: &Connection, person: &Name) -> rusqlite::Result<Vec<RoomInfo>> {
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
}

pub(super) fn find(connection: &Connection, room: &Name) -> rusqlite::Result<Option<RoomKey>> {
    connection
        .prepare_cached("SELECT id, epoch, last FROM rooms WHERE name = ?1")?
        .query_row([room.as_str()], key)
        .optional()
}

pub(super) fn set_standing(
    connection: &Connection,
    room: RoomKey,
    person: &Name,
    banned: Option<bool>,
) -> rusqlite::Result<()> {
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
}

pub(super) fn access(
    connection: &Connection,
    room: &Name,
    person: &Name,
) -> rusqlite::Result<Access> {
    let found = connection
        .prepare_cached(
            "SELECT id, epoch, last, invited_only, owner = ?2, banned FROM rooms
             LEFT JOIN standing ON room = id AND person = ?2 WHERE name = ?1",
        )?
        .query_row(params![room.as_str(), person.as_str()], |row| {
            Ok(allowed(key(row)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })
        .optional()?;
    Ok(found.unwrap_or(Access::None))
}

fn key(row: &Row<'_>) -> rusqlite::Result<RoomKey> {
    Ok(RoomKey {
        id: row.get(0)?,
        epoch: row.get(1)?,
        last: row.get(2)?,
    })
}
