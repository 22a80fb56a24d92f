//! The others: a bank, a carrier and a mail service. They don't crash with us.
//!
//! They stand in for real ones, so they live in a file of their own, and know each request by
//! its order, so that a repetition is harmless. Undoing what hasn't come yet forbids it: a
//! request that was delayed on its way is refused when it arrives.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tokio::time::sleep;
use uuid::Uuid;

use crate::crash::Crash;
use crate::database::{Database, DatabaseError, Durability};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS charges (
    customer_order TEXT PRIMARY KEY, cents INTEGER NOT NULL, state TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS parcels (customer_order TEXT PRIMARY KEY, address TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS inbox (message INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS mails (customer_order TEXT NOT NULL, text TEXT NOT NULL);";

/// A card that the bank declines.
pub const BAD_CARD: &str = "declined";
/// An address that the carrier doesn't know.
pub const BAD_ADDRESS: &str = "nowhere";
/// A customer whose mail can't be sent: a poison message.
pub const BAD_CUSTOMER: &str = "poison";

/// What the others answer when they don't do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WorldError {
    /// They won't. Asking again doesn't change it.
    #[error("{0}")]
    Refused(String),
    /// No answer. It may have been done; asking again is harmless.
    #[error("no answer from the {0}")]
    Silent(&'static str),
    /// Their disk failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<rusqlite::Error> for WorldError {
    fn from(error: rusqlite::Error) -> Self {
        WorldError::Database(error.into())
    }
}

/// How the others behave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mood {
    /// How long they take.
    pub delay: Duration,
    /// The share of calls, 0 to 1, that get no answer: half of these are done all the same.
    pub silent: f64,
}

/// A cheap-to-clone handle.
#[derive(Clone, Debug)]
pub struct World {
    database: Database,
    mood: Mood,
}

impl World {
    /// Opens their file.
    pub fn open(path: &Path, durability: Durability, mood: Mood) -> Result<World, DatabaseError> {
        let database = Database::open(path, SCHEMA, durability, Crash::default(), [""; 2])?;
        Ok(World { database, mood })
    }

    /// Takes the money for an order, once.
    ///
    /// # Errors
    ///
    /// If the card is declined, or a refund came first.
    pub async fn charge(&self, order: Uuid, cents: u64, card: &str) -> Result<(), WorldError> {
        let good = card != BAD_CARD;
        self.ask("bank", move |bank| {
            let state = bank.query_row(
                "SELECT state FROM charges WHERE customer_order = ?1",
                [order.to_string()],
                |row| row.get::<_, String>(0),
            );
            match state.optional()?.as_deref() {
                Some("charged") => Ok(()),
                Some(_) => Err(WorldError::Refused("the order was refunded".to_owned())),
                None if !good => Err(WorldError::Refused("the card was declined".to_owned())),
                None => {
                    let insert = "INSERT INTO charges VALUES (?1, ?2, 'charged')";
                    Ok(bank
                        .execute(insert, params![order.to_string(), cents])
                        .map(drop)?)
                }
            }
        })
        .await
    }

    /// Gives the money back, or forbids a charge that hasn't come yet.
    pub async fn refund(&self, order: Uuid) -> Result<(), WorldError> {
        let upsert = "INSERT INTO charges VALUES (?1, 0, 'refunded') ON CONFLICT (customer_order)
                      DO UPDATE SET state = 'refunded'";
        self.ask("bank", move |bank| {
            Ok(bank.execute(upsert, [order.to_string()]).map(drop)?)
        })
        .await
    }

    /// Hands a parcel over, once.
    ///
    /// # Errors
    ///
    /// If the address isn't known.
    pub async fn ship(&self, order: Uuid, address: &str) -> Result<(), WorldError> {
        let address = address.to_owned();
        self.ask("carrier", move |carrier| {
            if address == BAD_ADDRESS {
                return Err(WorldError::Refused("the address isn't known".to_owned()));
            }
            let insert = "INSERT OR IGNORE INTO parcels VALUES (?1, ?2)";
            Ok(carrier
                .execute(insert, params![order.to_string(), address])
                .map(drop)?)
        })
        .await
    }

    // ANCHOR: inbox
    /// Sends a mail. `message` is known from then on, and sent no second time.
    ///
    /// # Errors
    ///
    /// If the text can't be sent.
    pub async fn mail(&self, message: u64, order: Uuid, text: String) -> Result<(), WorldError> {
        self.ask("mail service", move |mailer| {
            if text.contains(BAD_CUSTOMER) {
                return Err(WorldError::Refused("this mail can't be sent".to_owned()));
            }
            let insert = "INSERT OR IGNORE INTO inbox VALUES (?1)";
            if mailer.execute(insert, [message])? == 1 {
                let insert = "INSERT INTO mails VALUES (?1, ?2)"; // in the same commit
                mailer.execute(insert, params![order.to_string(), text])?;
            }
            Ok(())
        })
        .await
    }
    // ANCHOR_END: inbox

    async fn ask(
        &self,
        whom: &'static str,
        work: impl FnOnce(&Connection) -> Result<(), WorldError> + Send + 'static,
    ) -> Result<(), WorldError> {
        if !self.mood.delay.is_zero() {
            sleep(self.mood.delay).await;
        }
        let luck = fastrand::f64();
        if luck < self.mood.silent / 2.0 {
            return Err(WorldError::Silent(whom)); // not done
        }
        let answer = self.database.write(work).await;
        match luck < self.mood.silent {
            true => Err(WorldError::Silent(whom)), // done
            false => answer,
        }
    }

    /// What the others have on their books, for an audit.
    pub async fn books(&self) -> Result<Books, DatabaseError> {
        self.database
            .read(|it| {
                let mut charged = it
                    .prepare("SELECT customer_order, cents FROM charges WHERE state = 'charged'")?;
                let charged = charged.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                let mut parcels = it.prepare("SELECT customer_order FROM parcels")?;
                let parcels = parcels.query_map([], |row| row.get(0))?;
                let mut mails =
                    it.prepare("SELECT customer_order, text FROM mails ORDER BY rowid")?;
                let mails = mails.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(Books {
                    charged: charged.collect::<Result<_, _>>()?,
                    parcels: parcels.collect::<Result<_, _>>()?,
                    mails: mails.collect::<Result<_, _>>()?,
                })
            })
            .await
    }
}

/// What the others have on their books.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Books {
    /// Orders whose money was taken and not given back, with the cents.
    pub charged: Vec<(String, u64)>,
    /// Orders whose parcel was taken.
    pub parcels: Vec<String>,
    /// Orders and the mails that were sent for them.
    pub mails: Vec<(String, String)>,
}
