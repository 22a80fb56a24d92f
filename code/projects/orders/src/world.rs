//! The others: a bank, a carrier and a mail service. They don't crash with us.
//!
//! They stand in for real ones, so they live in a file of their own, and know each request by
//! its order, so that a repetition is harmless. Undoing what hasn't come yet forbids it: a
//! request that was delayed on its way is refused when it arrives.

use std::time::Duration;

use clap::Args;
use service::options;
use tokio::time::sleep;
use uuid::Uuid;

use crate::crash::Crash;
use crate::database::{Database, DatabaseError, Home, Result, Statement, sql};

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

/// How the others behave. Of calls that get no answer, half are done all the same.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Mood {
    /// How long bank, carrier and mail take to answer, in seconds, 0 to 60
    #[arg(id = "world_delay", long = "world-delay", default_value = "0.02", value_name = "SECONDS",
        global = true, value_parser = |text: &str| options::seconds(text, 0.0..=60.0))]
    pub delay: Duration,

    /// The share of their answers that is lost, 0 to 1
    #[arg(id = "world_silent", long = "world-silent", default_value_t = 0.0, value_name = "SHARE",
        global = true, value_parser = |text: &str| options::number(text, 0.0..=1.0))]
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
    pub async fn open(home: &Home, mood: Mood) -> Result<World> {
        let database = Database::open(home, "world", SCHEMA, [None; 2], Crash::default()).await?;
        Ok(World { database, mood })
    }

    /// Takes the money for an order, once.
    ///
    /// # Errors
    ///
    /// If the card is declined, or a refund came first.
    pub async fn charge(&self, order: Uuid, cents: u64, card: &str) -> Result<(), WorldError> {
        let insert = "INSERT INTO charges VALUES (?1, ?2, 'charged') ON CONFLICT DO NOTHING";
        if card != BAD_CARD {
            self.ask("bank", vec![sql(insert, (order, cents))]).await?;
        }
        let query = "SELECT state FROM charges WHERE customer_order = ?1";
        let found: Vec<[String; 1]> = self.database.read(sql(query, order)).await?;
        match found.first().map(|[state]| state.as_str()) {
            Some("charged") => Ok(()),
            Some(_) => Err(WorldError::Refused("the order was refunded".to_owned())),
            None => Err(WorldError::Refused("the card was declined".to_owned())),
        }
    }

    /// Gives the money back, or forbids a charge that hasn't come yet.
    pub async fn refund(&self, order: Uuid) -> Result<(), WorldError> {
        let upsert = "INSERT INTO charges VALUES (?1, 0, 'refunded') ON CONFLICT (customer_order)
                      DO UPDATE SET state = 'refunded'";
        self.ask("bank", vec![sql(upsert, order)]).await
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
        self.ask("carrier", vec![sql(insert, (order, address))])
            .await
    }

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
        let change = vec![sql(inbox, message).must(), sql(mail, (order, text))];
        self.ask("mail service", change).await
    }

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
    pub async fn books(&self) -> Result<Books> {
        let charged = "SELECT customer_order, cents FROM charges WHERE state = 'charged'";
        let parcels = "SELECT customer_order FROM parcels";
        let mails = "SELECT customer_order, text FROM mails ORDER BY customer_order, text";
        let parcels: Vec<[Uuid; 1]> = self.database.read(sql(parcels, ())).await?;
        Ok(Books {
            charged: self.database.read(sql(charged, ())).await?,
            parcels: parcels.into_iter().flatten().collect(),
            mails: self.database.read(sql(mails, ())).await?,
        })
    }
}

/// What the others have on their books.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Books {
    /// Orders whose money was taken and not given back, with the cents.
    pub charged: Vec<(Uuid, u64)>,
    /// Orders whose parcel was taken.
    pub parcels: Vec<Uuid>,
    /// Orders and the mails that were sent for them.
    pub mails: Vec<(Uuid, String)>,
}
