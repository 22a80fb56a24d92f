//! What the warehouse has of one thing. It is never less than nothing, since each reservation
//! is decided at a version of the stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::command::{Aggregate, Decision};
use crate::event::Event;
use crate::order::check_quantity;

/// The stock of one thing, folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stock {
    /// What may still be reserved.
    pub available: u32,
    /// What is set aside, by order.
    pub reserved: BTreeMap<Uuid, u32>,
    /// Orders whose reservation was taken back, perhaps before it came.
    pub released: BTreeMap<Uuid, u32>,
}

impl Aggregate for Stock {
    const KIND: &str = "stock";
    const FORMAT: u32 = 1;

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Stocked { quantity } => {
                self.available = self.available.saturating_add(*quantity)
            }
            Event::Reserved { order, quantity } => {
                self.available = self.available.saturating_sub(*quantity);
                self.reserved.insert(*order, *quantity);
            }
            Event::Released { order } => {
                let quantity = self.reserved.remove(order).unwrap_or(0);
                self.available += quantity;
                self.released.insert(*order, quantity);
            }
            _ => {} // of another kind of stream
        }
    }
}

/// Takes goods in. Refused if the quantity is out of bounds.
pub fn receive(quantity: u32) -> Decision {
    check_quantity(quantity)?;
    Ok(vec![Event::Stocked { quantity }])
}

/// Sets goods aside. Refused if there aren't enough, or if the reservation was taken back before.
pub fn reserve(stock: &Stock, sku: &str, order: Uuid, quantity: u32) -> Decision {
    if stock.reserved.contains_key(&order) {
        return Ok(Vec::new());
    }
    if stock.released.contains_key(&order) {
        return Err("the reservation has been taken back".to_owned());
    }
    if stock.available < quantity {
        let left = stock.available;
        return Err(format!("{left} of {sku} are left, not {quantity}"));
    }
    Ok(vec![Event::Reserved { order, quantity }])
}

/// Takes a reservation back, or forbids one that hasn't come yet.
pub fn release(stock: &Stock, order: Uuid) -> Decision {
    let released = stock.released.contains_key(&order);
    let events = (!released).then_some(Event::Released { order });
    Ok(events.into_iter().collect())
}
