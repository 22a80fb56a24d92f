//! What the user of Redis must be allowed, tried out before anything is built on it.
//!
//! A right that is missing would otherwise be found in the midst of a script, after half of its writes.

use redis::Client;
use service::redis::{Ear, Line};

use crate::error::{BrokerError, Result};

use super::scripts;

/// How to make such a user; `taskq` stands for its name and for the namespace.
const HOW: &str = "ACL SETUSER taskq on >PASSWORD ~{taskq}:* &{taskq}:bell \
                   +@read +@write +@connection +@transaction +@pubsub +evalsha +script|load +time";

/// Tries every command of the scripts on keys that are then deleted, and to listen to the bells.
pub(super) async fn check(client: &Client, line: &Line, prefix: &str) -> Result<()> {
    let mut tries = scripts::RIGHTS.key(prefix);
    tries.arg(0).arg(0);
    let ask = async |mut line| tries.invoke_async(&mut line).await;
    let mut missing: Vec<String> = match line.call(ask).await.map_err(BrokerError::from) {
        Err(BrokerError::Refused(reason)) => return Err(refused(&reason)),
        answer => answer?,
    };
    match Ear::open(client, &format!("{prefix}bell")).await {
        Err(error) if error.code() == Some("NOPERM") => missing.push("SUBSCRIBE".to_owned()),
        heard => drop(heard?),
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(refused(&missing.join(", "))),
    }
}

fn refused(what: &str) -> BrokerError {
    BrokerError::Refused(format!(
        "this user of Redis may not do all that it must: {what}; {HOW}"
    ))
}
