//! The others: a bank, a carrier and a mail service. They don't crash with us.
//!
//! They stand in for real ones, so they live in a file of their own, and know each request by
//! its order, so that a repetition is harmless. Undoing what hasn't come yet forbids it: a
//! request that was delayed on its way is refused when it arrives.

use std::time::Duration;

use tokio::time::sleep;
use uuid::Uuid;

use crate::crash::Crash;
use crate::database::{Database, DatabaseError, Home, Row, Statement, sql};

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
    /// Opens their books.
    pub async fn open(home: &Home, mood: Mood) -> Result<World, DatabaseError> {
        let database = Database::open(home, "world", SCHEMA, [None; 2], Crash::default()).await?;
        Ok(World { database, mood })
    }

    /// Takes the money for an order, once.
    ///
    /// # Errors
    ///
    /// If the card is declined, or a refund came first.
    pub async fn charge(&self, order: Uuid, cents: u64, card: &str) -> Result<(), WorldError> {
        let id = order.to_string();
        let insert = "INSERT INTO charges VALUES (?1, ?2, 'charged') ON CONFLICT DO NOTHING";
        if card != BAD_CARD {
            self.ask(
                "bank",
                vec![sql(insert, [id.as_str().into(), cents.into()])],
            )
            .await?;
        }
        let query = "SELECT state FROM charges WHERE customer_order = ?1";
        let found = self.database.read(sql(query, [id.into()])).await?;
        match found.rows.first().and_then(|row| row[0].as_str()) {
            Some("charged") => Ok(()),
            Some(_) => Err(WorldError::Refused("the order was refunded".to_owned())),
            None => Err(WorldError::Refused("the card was declined".to_owned())),
        }
    }

    /// Gives the money back, or forbids a charge that hasn't come yet.
    pub async fn refund(&self, order: Uuid) -> Result<(), WorldError> {
        let upsert = "INSERT INTO charges VALUES (?1, 0, 'refunded') ON CONFLICT (customer_order)
                      DO UPDATE SET state = 'refunded'";
        self.ask("bank", vec![sql(upsert, [order.to_string().into()])])
            .await
    }

    /// Hands a parcel over, once.
    ///
    /// # Errors
    ///
    /// If the address isn't known.
    pub async fn ship(&self, order: Uuid, address: &str) -> Result<(), WorldError> {
        if address == BAD_ADDRESS {
            return Err(WorldError::Refused("the address isn't known".to_owned()));
        }
        let insert = "INSERT INTO parcels VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        let values = [order.to_string().into(), address.into()];
        self.ask("carrier", vec![sql(insert, values)]).await
    }

    // ANCHOR: inbox
    /// Sends a mail. `message` is known from then on, and sent no second time.
    ///
    /// # Errors
    ///
    /// If the text can't be sent.
    pub async fn mail(&self, message: u64, order: Uuid, text: String) -> Result<(), WorldError> {
        if text.contains(BAD_CUSTOMER) {
            return Err(WorldError::Refused("this mail can't be sent".to_owned()));
        }
        let inbox = "INSERT INTO inbox VALUES (?1) ON CONFLICT DO NOTHING";
        let mail = "INSERT INTO mails VALUES (?1, ?2)"; // in the same commit, or not at all
        let mail = sql(mail, [order.to_string().into(), text.into()]);
        self.ask(
            "mail service",
            vec![sql(inbox, [message.into()]).must(), mail],
        )
        .await
    }
    // ANCHOR_END: inbox

    async fn ask(&self, whom: &'static str, change: Vec<Statement>) -> Result<(), WorldError> {
        if !self.mood.delay.is_zero() {
            sleep(self.mood.delay).await;
        }
        let luck = fastrand::f64();
        if luck < self.mood.silent / 2.0 {
            return Err(WorldError::Silent(whom)); // not done
        }
        self.database.write(change).await?;
        match luck < self.mood.silent {
            true => Err(WorldError::Silent(whom)), // done
            false => Ok(()),
        }
    }

    /// What the others have on their books, for an audit.
    pub async fn books(&self) -> Result<Books, DatabaseError> {
        let ask = async |query: &'static str| self.database.read(sql(query, [])).await;
        let text = |row: &Row, at: usize| row[at].as_str().unwrap_or_default().to_owned();
        let charged =
            ask("SELECT customer_order, cents FROM charges WHERE state = 'charged'").await?;
        let parcels = ask("SELECT customer_order FROM parcels").await?;
        let mails =
            ask("SELECT customer_order, text FROM mails ORDER BY customer_order, text").await?;
        let charge = |row: &Row| (text(row, 0), row[1].as_u64().unwrap_or_default());
        Ok(Books {
            charged: charged.rows.iter().map(charge).collect(),
            parcels: parcels.rows.iter().map(|row| text(row, 0)).collect(),
            mails: mails
                .rows
                .iter()
                .map(|row| (text(row, 0), text(row, 1)))
                .collect(),
        })
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
