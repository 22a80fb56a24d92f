//! What an order's customer still owes follows from the order's events: the price, less what was
//! paid, and what was given back is owed again. A canceled order has no price.
//!
//! Complete `owed`. A negative answer is what the shop owes the customer.

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Placed(i64),
    Paid(i64),
    Refunded(i64),
    Canceled,
}

/// What the customer owes, in cents.
fn owed(events: &[Event]) -> i64 {
    // TODO: fold the events.
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::Event::{Canceled, Paid, Placed, Refunded};
    use super::owed;

    #[test]
    fn an_order_may_be_paid_in_parts() {
        assert_eq!(owed(&[]), 0);
        assert_eq!(owed(&[Placed(2_000)]), 2_000);
        assert_eq!(owed(&[Placed(2_000), Paid(500)]), 1_500);
        assert_eq!(owed(&[Placed(2_000), Paid(500), Paid(1_500)]), 0);
    }

    #[test]
    fn two_canceled_orders_are_told_apart() {
        assert_eq!(owed(&[Placed(2_000), Canceled]), 0);
        assert_eq!(owed(&[Placed(2_000), Paid(2_000), Canceled]), -2_000);
        assert_eq!(
            owed(&[Placed(2_000), Paid(2_000), Canceled, Refunded(2_000)]),
            0
        );
    }
}
