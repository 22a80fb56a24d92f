//! What the user of Redis must be allowed, tried out before anything is built on it.
//!
//! A right that is missing would otherwise be found in the midst of a script, after half of its writes.

use redis::Client;
use service::redis::Line;

use crate::error::BrokerError;

use super::connection::{in_time, subscribe, typed};
use super::scripts;

/// How to make such a user; `taskq` stands for its name and for the namespace.
const HOW: &str = "ACL SETUSER taskq on >PASSWORD ~{taskq}:* &{taskq}:bell \
                   +@read +@write +@connection +@transaction +@pubsub +evalsha +script|load +time";

/// Tries every command of the scripts on keys that are then deleted, and to listen to the bells.
pub(super) async fn check(client: &Client, line: &Line, prefix: &str) -> Result<(), BrokerError> {
    let channel = format!("{prefix}bell");
    let (mut connection, number) = line.connection();
    let mut invocation = scripts::RIGHTS.key(prefix);
    let answer = invocation.arg(0).arg(0).invoke_async(&mut connection).await;
    let mut missing: Vec<String> = line
        .heard(number, answer)
        .map_err(|error| explained(typed(error)))?;
    let heard = in_time(async { Ok(subscribe(client, &channel).await) }).await?;
    match heard {
        Ok(subscription) => drop(subscription),
        Err(error) if error.code() == Some("NOPERM") => missing.push("SUBSCRIBE".to_owned()),
        Err(error) => return Err(typed(error)),
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(refused(&missing.join(", "))),
    }
}

fn explained(error: BrokerError) -> BrokerError {
    match error {
        BrokerError::Refused { reason } => refused(&reason),
        error => error,
    }
}

fn refused(what: &str) -> BrokerError {
    let reason = format!("this user of Redis may not do all that it must: {what}; {HOW}");
    BrokerError::Refused { reason }
}
