//! The history in PostgreSQL, version 13 or later.
//!
//! One task of a server appends. It takes all that waits, locks the rooms of these lines in the
//! order of their ids, so that servers never wait for each other in a circle, sends all lines
//! without waiting in between, and answers after the commit.

use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use futures::future::try_join_all;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls, Row};

use super::{
    Access, Answer, BATCH, History, Kept, LONGEST_PAGE, Line, MOST_ROOMS, Name, NewLine, Page,
    RoomInfo, RoomKey, StoreError, WAITING_WRITES, access,
};

/// So many connections one server has at most.
const CONNECTIONS: usize = 8;
/// The longest that anything here may take, a lock that another server holds included.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest number that JavaScript holds exactly.
const LARGEST_EPOCH: i64 = (1 << 53) - 1;

/// What a server knows of its database.
pub struct Postgres {
    pool: Pool,
    appends: mpsc::Sender<Append>,
}

struct Append {
    room: i64,
    line: NewLine,
    reply: oneshot::Sender<Result<Kept, StoreError>>,
}

type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Postgres {
    /// Connects, and makes the tables if there are none. Needs a Tokio runtime.
    ///
    /// # Errors
    ///
    /// It can't be reached; there is no such database; its user may not make tables.
    pub async fn open(mut config: Config) -> Result<Postgres, StoreError> {
        let before = config.get_options().unwrap_or_default();
        config.options(format!(
            "{before} -c statement_timeout={}",
            PATIENCE.as_millis()
        ));
        config.tcp_user_timeout(PATIENCE);
        let recycling_method = RecyclingMethod::Verified;
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method });
        let pool = Pool::builder(manager)
            .runtime(Runtime::Tokio1)
            .max_size(CONNECTIONS)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .build()
            .expect("a runtime for its timeouts is given");
        lend(&pool)
            .await?
            .batch_execute(include_str!("postgres.sql"))
            .await?;
        let (appends, waiting) = mpsc::channel(WAITING_WRITES);
        tokio::spawn(append_all(pool.clone(), waiting));
        Ok(Postgres { pool, appends })
    }

    /// Runs one statement, and reads its rows.
    fn run<T: Send + 'static>(
        &self,
        sql: &'static str,
        values: Vec<Box<dyn ToSql + Sync + Send>>,
        read: impl FnOnce(Vec<Row>) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<T> {
        let pool = self.pool.clone();
        Box::pin(async move {
            let client = lend(&pool).await?;
            let statement = client.prepare_cached(sql).await?;
            let values: Vec<&(dyn ToSql + Sync)> = values
                .iter()
                .map(|value| &**value as &(dyn ToSql + Sync))
                .collect();
            let rows = client.query(&statement, &values);
            let rows = timeout(PATIENCE, rows)
                .await
                .map_err(|_| StoreError::TooSlow)?;
            read(rows?)
        })
    }
}

/// Owned values for a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$(Box::new($value) as Box<dyn ToSql + Sync + Send>),*] };
}

impl History for Postgres {
    fn append(&self, room: RoomKey, line: NewLine) -> Answer<Kept> {
        let (reply, answer) = oneshot::channel();
        let room = room.id;
        let handed_over = self.appends.try_send(Append { room, line, reply });
        Box::pin(async move {
            match handed_over {
                Ok(()) => answer.await.unwrap_or(Err(StoreError::Closed)),
                Err(mpsc::error::TrySendError::Full(_)) => Err(StoreError::Busy),
                Err(mpsc::error::TrySendError::Closed(_)) => Err(StoreError::Closed),
            }
        })
    }

    fn page(&self, room: RoomKey, name: Name, page: Page, most: usize) -> Answer<Vec<Line>> {
        let (sql, seq) = match page {
            Page::After(seq) => (AFTER, seq),
            Page::Before(seq) => (BEFORE, seq),
        };
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        self.run(sql, values![room.id, seq, limit(most)], move |rows| {
            let mut lines = lines(&rows, &name)?;
            lines.sort_by_key(|line| line.seq);
            Ok(lines)
        })
    }

    fn search(&self, room: RoomKey, name: Name, words: String, most: usize) -> Answer<Vec<Line>> {
        let words = words.replace('\0', " ");
        self.run(SEARCH, values![room.id, words, limit(most)], move |rows| {
            lines(&rows, &name)
        })
    }

    fn create_room(&self, name: Name, owner: Option<Name>, invited_only: bool) -> Answer<bool> {
        let epoch = fastrand::i64(1..=LARGEST_EPOCH);
        let (name, owner) = (String::from(name), owner.map(String::from));
        let values = values![name, epoch, owner, invited_only, MOST_ROOMS as i64];
        self.run(
            "INSERT INTO rooms (name, epoch, owner, invited_only) SELECT $1, $2, $3, $4
             WHERE (SELECT count(*) FROM rooms) < $5 ON CONFLICT DO NOTHING RETURNING id",
            values,
            |rows| Ok(!rows.is_empty()),
        )
    }

    fn rooms(&self, person: Name) -> Answer<Vec<RoomInfo>> {
        self.run(
            r#"SELECT name, last, invited_only, owner FROM rooms
             LEFT JOIN standing ON room = id AND person = $1
             WHERE NOT coalesce(banned, false)
               AND (NOT invited_only OR owner = $1 OR banned IS NOT NULL)
             ORDER BY name COLLATE "C" LIMIT 1000"#,
            values![String::from(person)],
            |rows| rows.iter().map(room_info).collect(),
        )
    }

    fn access(&self, room: Name, person: Name) -> Answer<Access> {
        self.run(
            "SELECT id, epoch, last, invited_only, owner = $2, banned FROM rooms
             LEFT JOIN standing ON room = id AND person = $2 WHERE name = $1",
            values![String::from(room), String::from(person)],
            |rows| match rows.first() {
                Some(row) => Ok(access(key(row), row.get(3), row.get(4), row.get(5))),
                None => Ok(Access::None),
            },
        )
    }

    fn room(&self, room: Name) -> Answer<RoomKey> {
        self.run(
            "SELECT id, epoch, last FROM rooms WHERE name = $1",
            values![String::from(room)],
            |rows| rows.first().map(key).ok_or(StoreError::NoSuchRoom),
        )
    }

    fn set_standing(&self, room: RoomKey, person: Name, banned: Option<bool>) -> Answer<()> {
        let person = String::from(person);
        match banned {
            Some(banned) => self.run(
                "INSERT INTO standing (room, person, banned) VALUES ($1, $2, $3)
                 ON CONFLICT (room, person) DO UPDATE SET banned = excluded.banned",
                values![room.id, person, banned],
                |_| Ok(()),
            ),
            None => self.run(
                "DELETE FROM standing WHERE room = $1 AND person = $2",
                values![room.id, person],
                |_| Ok(()),
            ),
        }
    }

    fn claim_name(&self, name: Name, key_hash: [u8; 32]) -> Answer<bool> {
        // The update changes nothing, and lets the row be returned where there was one.
        self.run(
            "INSERT INTO people (name, key_hash) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET name = excluded.name
             RETURNING key_hash = $2",
            values![String::from(name), key_hash.to_vec()],
            |rows| Ok(rows.first().is_some_and(|row| row.get(0))),
        )
    }

    fn secret(&self) -> Answer<Vec<u8>> {
        let secret = |rows: Vec<Row>| rows.first().map(|row| row.get(0)).ok_or(StoreError::Closed);
        self.run("SELECT secret FROM meta", values![], secret)
    }

    fn check(&self) -> Answer<()> {
        self.run("UPDATE meta SET id = id", values![], |_| Ok(()))
    }
}

const AFTER: &str = "SELECT seq, client_id, sender, at, text FROM lines
    WHERE room = $1 AND seq > $2 ORDER BY seq LIMIT $3";
const BEFORE: &str = "SELECT seq, client_id, sender, at, text FROM lines
    WHERE room = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
const SEARCH: &str = "SELECT seq, client_id, sender, at, text FROM lines
    WHERE room = $1 AND to_tsvector('simple', text) @@ plainto_tsquery('simple', $2)
    ORDER BY seq DESC LIMIT $3";
const LOCK: &str = "SELECT FROM rooms WHERE id = ANY ($1) ORDER BY id FOR UPDATE";
// ANCHOR: append
/// With its room locked, no other server can have kept this line since `before` was read.
const APPEND: &str = "
    WITH before AS (
        SELECT seq FROM lines WHERE room = $1 AND sender = $2 AND client_id = $3
    ), next AS (
        UPDATE rooms SET last = last + 1
        WHERE id = $1 AND NOT EXISTS (SELECT FROM before) RETURNING last
    ), kept AS (
        INSERT INTO lines (room, seq, sender, client_id, at, text)
        SELECT $1, last, $2, $3, $4, $5 FROM next RETURNING seq
    )
    SELECT seq, true FROM kept UNION ALL SELECT seq, false FROM before";

async fn append(pool: &Pool, batch: &[Append]) -> Result<Vec<Kept>, StoreError> {
    let mut client = lend(pool).await?;
    let (lock, one) = (
        client.prepare_cached(LOCK).await?,
        client.prepare_cached(APPEND).await?,
    );
    let transaction = client.transaction().await?;
    let rooms: Vec<i64> = batch.iter().map(|append| append.room).collect();
    transaction.query(&lock, &[&rooms]).await?;
    let (one, running) = (&one, &transaction);
    let kept = batch.iter().map(|Append { room, line, .. }| async move {
        let at = line.at.cast_signed();
        let values: Values<'_> = &[room, &line.from.as_str(), &line.id, &at, &line.text];
        let row = running.query_one(one, values).await?;
        let seq = row.get::<_, i64>(0).cast_unsigned();
        Ok::<_, StoreError>(Kept {
            seq,
            new: row.get(1),
        })
    });
    let kept = try_join_all(kept).await?;
    transaction.commit().await?;
    Ok(kept)
}
// ANCHOR_END: append

async fn append_all(pool: Pool, mut waiting: mpsc::Receiver<Append>) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let kept = timeout(PATIENCE, append(&pool, &batch)).await;
        let kept = kept.unwrap_or(Err(StoreError::TooSlow));
        if let Err(error) = &kept {
            tracing::error!(%error, lines = batch.len(), "the transaction failed");
        }
        for (number, Append { reply, .. }) in batch.drain(..).enumerate() {
            let kept = match &kept {
                Ok(kept) => Ok(kept[number]),
                Err(error) => Err(StoreError::Transaction(error.to_string())),
            };
            reply.send(kept).ok(); // the asker may have left
        }
    }
}

async fn lend(pool: &Pool) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => StoreError::Postgres(error),
        PoolError::Timeout(_) => StoreError::TooSlow,
        _ => StoreError::Closed,
    })
}

fn limit(most: usize) -> i64 {
    most.min(LONGEST_PAGE) as i64
}

fn key(row: &Row) -> RoomKey {
    let [id, epoch, last] = [0, 1, 2].map(|column| row.get::<_, i64>(column));
    RoomKey {
        id,
        epoch: epoch.cast_unsigned(),
        last: last.cast_unsigned(),
    }
}

fn room_info(row: &Row) -> Result<RoomInfo, StoreError> {
    let owner: Option<&str> = row.get(3);
    Ok(RoomInfo {
        name: row.get::<_, &str>(0).parse()?,
        last: row.get::<_, i64>(1).cast_unsigned(),
        invited_only: row.get(2),
        owner: owner.and_then(|owner| owner.parse().ok()),
    })
}

fn lines(rows: &[Row], room: &Name) -> Result<Vec<Line>, StoreError> {
    let line = |row: &Row| {
        Ok(Line {
            room: room.clone(),
            seq: row.get::<_, i64>(0).cast_unsigned(),
            id: row.get(1),
            from: row.get::<_, &str>(2).parse()?,
            at: row.get::<_, i64>(3).cast_unsigned(),
            text: row.get(4),
        })
    };
    rows.iter().map(line).collect()
}
