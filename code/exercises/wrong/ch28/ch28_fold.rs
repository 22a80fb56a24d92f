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
