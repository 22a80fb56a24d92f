//! What can have happened, and how older programs wrote it down.
//!
//! An event is stored with the version of its format. Reading brings it to the newest one, step
//! by step, before it is given a type: [`upcast`]. Each version has a golden file under
//! `tests/golden`, which no later change may make unreadable.

use serde::de::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The format that is written now.
pub const FORMAT: u32 = 2;

/// Something that happened. The past isn't changed: a correction is one more event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A customer has ordered.
    Placed(Placement),
    /// The customer has changed their mind, before the parcel was handed over.
    CancelRequested {
        /// Why, in their words.
        reason: String,
    },
    /// From here on there's no way back.
    Dispatched,
    /// The end of an order that went well.
    Shipped,
    /// The end of an order that didn't. What was done has been undone.
    Canceled {
        /// The first thing that went wrong.
        reason: String,
    },

    /// Goods have come into the warehouse.
    Stocked {
        /// How many.
        quantity: u32,
    },
    /// Goods are set aside for an order.
    Reserved {
        /// For which.
        order: Uuid,
        /// How many.
        quantity: u32,
    },
    /// They are there for others again.
    Released {
        /// Whose they were.
        order: Uuid,
    },

    /// The saga of an order begins.
    Began {
        /// When it gives up, in milliseconds since 1970.
        deadline_ms: i64,
    },
    /// A step is done.
    Done {
        /// Which.
        step: Step,
    },
    /// A step was refused, or isn't wanted anymore: back.
    Refused {
        /// At which step the saga turned round. It may have had its effect.
        step: Step,
        /// Why.
        reason: String,
    },
    /// A step has been undone.
    Undone {
        /// Which.
        step: Step,
    },
    /// The saga can't go on by itself. A person has to look.
    Stuck {
        /// At which step.
        step: Step,
        /// What the other side said last.
        error: String,
    },
    /// A person has looked.
    Resumed,
    /// The saga is over.
    Ended,
}

/// What a customer orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// Who.
    pub customer: String,
    /// What; at most [`MAX_LINES`](crate::order::MAX_LINES).
    pub lines: Vec<Line>,
    /// The price of all lines together, in hundredths of the currency.
    pub cents: u64,
    /// Since format 2; before, there was only EUR.
    pub currency: String,
    /// What the bank knows the card by.
    pub card: String,
    /// Where the parcel goes.
    pub address: String,
}

/// So many of one thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Which.
    pub sku: String,
    /// How many.
    pub quantity: u32,
}

/// A step of the saga, in the order in which they are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Set the goods aside.
    Reserve,
    /// Take the money.
    Charge,
    /// Pass the point of no return.
    Dispatch,
    /// Hand the parcel to the carrier.
    Ship,
}

/// An event that can't be read. The follower of the log decides: stop, or park it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("event {0} has format {1} and can't be read: {2}")]
pub struct Unreadable(u64, u32, String);

/// Brings the body of an event from an older format to the newest, one version at a time.
pub fn upcast(format: u32, mut body: Value) -> Value {
    if format < 2 && body["kind"] == "placed" {
        body["currency"] = "EUR".into(); // format 1 knew no other
    }
    body
}

/// Reads the body of an event.
///
/// # Errors
///
/// If it isn't JSON, or no event, or of a format from the future.
pub fn read(position: u64, format: u32, body: &str) -> Result<Event, Unreadable> {
    let event = match format {
        FORMAT => serde_json::from_str(body), // nearly all, and in one go
        ..FORMAT => {
            let old = serde_json::from_str(body);
            old.and_then(|old| serde_json::from_value(upcast(format, old)))
        }
        _ => {
            let known = format!("this program knows formats up to {FORMAT}");
            Err(Error::custom(known))
        }
    };
    event.map_err(|why| Unreadable(position, format, why.to_string()))
}
