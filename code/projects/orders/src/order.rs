//! An order: what its events say of it, and what may still be done with it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::command::{Aggregate, Decision};
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
    const KIND: &str = "order";
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

/// Checks what a customer sends.
///
/// # Errors
///
/// Names the field and the bound.
pub fn check(placement: &Placement) -> Result<(), String> {
    let lines = &placement.lines;
    check_text("customer", &placement.customer)?;
    check_text("currency", &placement.currency)?;
    check_text("card", &placement.card)?;
    check_text("address", &placement.address)?;
    lines
        .iter()
        .try_for_each(|line| check_text("sku", &line.sku))?;
    lines
        .iter()
        .try_for_each(|line| check_quantity(line.quantity))?;
    if lines.is_empty() || lines.len() > MAX_LINES {
        return Err(format!("an order has between 1 and {MAX_LINES} lines"));
    }
    let skus: BTreeSet<_> = lines.iter().map(|line| &line.sku).collect();
    if skus.len() < lines.len() {
        return Err("a sku stands in two lines".to_owned());
    }
    if !(1..=MAX_CENTS).contains(&placement.cents) {
        return Err(format!("the price is between 1 and {MAX_CENTS} cents"));
    }
    Ok(())
}

/// Refuses a text that's empty or too long.
pub(crate) fn check_text(field: &str, text: &str) -> Result<(), String> {
    match text.len() {
        1..=MAX_TEXT => Ok(()),
        _ => Err(format!("{field}: between 1 and {MAX_TEXT} bytes")),
    }
}

/// Refuses to order, or to take in, nothing or too many.
pub(crate) fn check_quantity(quantity: u32) -> Result<(), String> {
    match quantity {
        1..=MAX_QUANTITY => Ok(()),
        _ => Err(format!("a quantity is between 1 and {MAX_QUANTITY}")),
    }
}

/// Asks for an order to be canceled. Refused if it's too late, or there's no such order.
pub fn cancel(order: &Order, reason: &str) -> Decision {
    if order.placed.is_none() {
        return Err("there is no such order".to_owned());
    }
    if order.cancel_requested.is_some() || matches!(order.end, Some(End::Canceled(_))) {
        return Ok(Vec::new());
    }
    if order.dispatched {
        return Err("it has been dispatched".to_owned());
    }
    let reason = reason.to_owned();
    Ok(vec![Event::CancelRequested { reason }])
}

/// Passes the point of no return. Refused if the customer was faster, with their reason.
pub fn dispatch(order: &Order) -> Decision {
    match &order.cancel_requested {
        _ if order.dispatched => Ok(Vec::new()),
        Some(reason) => Err(reason.clone()),
        None => Ok(vec![Event::Dispatched]),
    }
}

/// Ends an order, once.
pub fn end(order: &Order, event: &Event) -> Decision {
    let event = order.end.is_none().then(|| event.clone());
    Ok(event.into_iter().collect())
}
