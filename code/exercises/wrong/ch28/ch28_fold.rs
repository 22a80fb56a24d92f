//! Wrong: the last event is taken for the state, as a column `status` would have it.

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
    match events.last() {
        Some(Event::Placed(cents)) => *cents,
        Some(Event::Refunded(cents)) => *cents,
        _ => 0,
    }
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
