//! An order: what its events say of it, and what may still be done with it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::command::Aggregate;
use crate::event::{Event, Placement};

/// So many lines may an order have.
pub const MAX_LINES: usize = 50;
/// So many of one thing may be ordered.
pub const MAX_QUANTITY: u32 = 10_000;
/// The highest price of an order, in hundredths.
pub const MAX_CENTS: u64 = 100_000_000;
/// The longest text in an order, in bytes.
pub const MAX_TEXT: usize = 200;

/// An order, folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// What was ordered, once it was.
    pub placed: Option<Placement>,
    /// The customer wants it no more.
    pub cancel_requested: Option<String>,
    /// It's past the point of no return.
    pub dispatched: bool,
    /// Its end.
    pub end: Option<End>,
}

/// How an order can end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum End {
    /// Paid, and on its way.
    Shipped,
    /// Undone, for a reason.
    Canceled(String),
}

impl Aggregate for Order {
    const FORMAT: u32 = 1;

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Placed(placement) => self.placed = Some(placement.clone()),
            Event::CancelRequested { reason } => self.cancel_requested = Some(reason.clone()),
            Event::Dispatched => self.dispatched = true,
            Event::Shipped => self.end = Some(End::Shipped),
            Event::Canceled { reason } => self.end = Some(End::Canceled(reason.clone())),
            _ => {} // of another kind of stream
        }
    }
}

/// The stream of an order.
pub fn stream(order: Uuid) -> String {
    format!("order-{order}")
}

/// The order whose stream this is.
pub fn of_stream(stream: &str) -> Option<Uuid> {
    stream.strip_prefix("order-")?.parse().ok()
}

type Decision = Result<Vec<Event>, String>;

/// Checks what a customer sends.
///
/// # Errors
///
/// Names the field and the bound.
pub fn check(placement: &Placement) -> Result<(), String> {
    let texts = [
        &placement.customer,
        &placement.currency,
        &placement.card,
        &placement.address,
    ];
    let skus = placement.lines.iter().map(|line| &line.sku);
    if texts
        .into_iter()
        .chain(skus)
        .any(|text| text.is_empty() || text.len() > MAX_TEXT)
    {
        return Err(format!("a text has between 1 and {MAX_TEXT} bytes"));
    }
    if placement.lines.is_empty() || placement.lines.len() > MAX_LINES {
        return Err(format!("an order has between 1 and {MAX_LINES} lines"));
    }
    let quantities = placement.lines.iter().map(|line| line.quantity);
    if quantities
        .into_iter()
        .any(|it| it == 0 || it > MAX_QUANTITY)
    {
        return Err(format!("a quantity is between 1 and {MAX_QUANTITY}"));
    }
    let mut skus: Vec<_> = placement.lines.iter().map(|line| &line.sku).collect();
    skus.sort();
    skus.dedup();
    if skus.len() < placement.lines.len() {
        return Err("a sku stands in two lines".to_owned());
    }
    if placement.cents == 0 || placement.cents > MAX_CENTS {
        return Err(format!("the price is between 1 and {MAX_CENTS} cents"));
    }
    Ok(())
}

/// Asks for an order to be canceled.
///
/// # Errors
///
/// If it's too late, or there's no such order.
pub fn cancel(order: &Order, reason: &str) -> Decision {
    match order {
        Order { placed: None, .. } => Err("there is no such order".to_owned()),
        Order {
            end: Some(End::Canceled(_)),
            ..
        } => Ok(Vec::new()),
        Order {
            cancel_requested: Some(_),
            ..
        } => Ok(Vec::new()),
        Order {
            dispatched: true, ..
        } => Err("it has been dispatched".to_owned()),
        _ => Ok(vec![Event::CancelRequested {
            reason: reason.to_owned(),
        }]),
    }
}

/// Passes the point of no return, unless the customer was faster.
///
/// # Errors
///
/// With the customer's reason.
pub fn dispatch(order: &Order) -> Decision {
    match &order.cancel_requested {
        _ if order.dispatched => Ok(Vec::new()),
        Some(reason) => Err(reason.clone()),
        None => Ok(vec![Event::Dispatched]),
    }
}

/// Ends an order, once.
pub fn end(order: &Order, event: &Event) -> Decision {
    Ok(if order.end.is_some() {
        Vec::new()
    } else {
        vec![event.clone()]
    })
}
