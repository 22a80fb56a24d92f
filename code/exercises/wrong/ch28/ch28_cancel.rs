//! Wrong: it goes by what is written down, and a step may be done that isn't.

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Paid,
    Dispatched,
    Shipped,
    Refused,
    Refunded,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    Charge,
    Dispatch,
    Ship,
    Refund,
}

/// A customer's wish: an event, or why it's too late.
fn cancel(events: &[Event]) -> Result<Event, &'static str> {
    match events.contains(&Event::Shipped) {
        true => Err("it has been shipped"),
        false => Ok(Event::Refused),
    }
}

/// What the saga does next. `None`: nothing is left to do.
///
/// To refund what wasn't charged is harmless, and forbids a charge that comes later.
fn next(events: &[Event]) -> Option<Action> {
    let has = |event| events.contains(&event);
    if has(Event::Shipped) || has(Event::Refunded) {
        None
    } else if has(Event::Refused) {
        has(Event::Paid).then_some(Action::Refund)
    } else if has(Event::Dispatched) {
        Some(Action::Ship)
    } else if has(Event::Paid) {
        Some(Action::Dispatch)
    } else {
        Some(Action::Charge)
    }
}

fn main() {}
