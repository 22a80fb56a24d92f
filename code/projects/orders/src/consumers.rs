//! What is done with a message: a saga begins, a mail is sent.

use std::sync::Arc;

use futures::{FutureExt, TryFutureExt};
use tokio::time::sleep;
use tracing::warn;
use uuid::Uuid;

use crate::bus::{Consumer, Handler, Message};
use crate::command::CommandError;
use crate::database::{DatabaseError, PAUSE};
use crate::event::Event;
use crate::saga::runner::Runner;
use crate::world::World;

/// Their names: one begins sagas, the other has mails sent.
pub const CONSUMERS: [&str; 2] = ["sagas", "mail"];

/// Begins the saga of an order that's placed.
pub fn saga_starter(runner: Runner) -> Consumer {
    let handler: Handler = Arc::new(move |message: Message| {
        let runner = runner.clone();
        let start = async move {
            match message.event {
                Event::Placed(_) => begin(&runner, message.order).await,
                _ => Ok(()),
            }
        };
        start.boxed()
    });
    let name = CONSUMERS[0];
    Consumer { name, handler }
}

/// Waits while the store fails, as the sagas themselves do: a message that's parked waits for a
/// person, and with it the order would.
async fn begin(runner: &Runner, order: Uuid) -> Result<(), String> {
    loop {
        match runner.begin(order).await {
            Ok(()) => return Ok(()),
            Err(CommandError::Database(error)) if !matches!(error, DatabaseError::Refused(_)) => {
                warn!(%order, %error, "a saga that is to begin waits for the store");
                sleep(PAUSE).await;
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Sends a mail for each message.
pub fn mailer(world: World) -> Consumer {
    let handler: Handler = Arc::new(move |message: Message| {
        let world = world.clone();
        let text = match &message.event {
            Event::Placed(placement) => format!("{}, thank you for your order", placement.customer),
            Event::Shipped => "your order is on its way".to_owned(),
            Event::Canceled { reason } => format!("your order is canceled: {reason}"),
            _ => String::new(),
        };
        let sent = async move { world.mail(message.id, message.order, text).await };
        sent.map_err(|error| error.to_string()).boxed()
    });
    let name = CONSUMERS[1];
    Consumer { name, handler }
}
