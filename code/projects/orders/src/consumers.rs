//! What is done with a message: a saga begins, a mail is sent.

use std::sync::Arc;

use futures::FutureExt;

use crate::bus::{Handler, Message};
use crate::event::Event;
use crate::saga::runner::Runner;
use crate::world::World;

/// Begins the saga of an order that's placed.
pub fn saga_starter(runner: Runner) -> Handler {
    Arc::new(move |message: Message| {
        let runner = runner.clone();
        let start = async move {
            match message.event {
                Event::Placed(_) => runner
                    .begin(message.order)
                    .await
                    .map_err(|it| it.to_string()),
                _ => Ok(()),
            }
        };
        start.boxed()
    })
}

/// Sends a mail for each message.
pub fn mailer(world: World) -> Handler {
    Arc::new(move |message: Message| {
        let world = world.clone();
        let text = match &message.event {
            Event::Placed(placement) => format!("{}, thank you for your order", placement.customer),
            Event::Shipped => "your order is on its way".to_owned(),
            Event::Canceled { reason } => format!("your order is canceled: {reason}"),
            _ => String::new(),
        };
        let sent = async move { world.mail(message.id, message.order, text).await };
        sent.map(|sent| sent.map_err(|error| error.to_string()))
            .boxed()
    })
}
