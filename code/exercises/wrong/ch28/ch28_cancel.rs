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

#[cfg(test)]
mod tests {
    use super::*;

    /// The bank's and the carrier's books.
    #[derive(Debug, Default, PartialEq)]
    struct Books {
        charged: bool,
        parcel: bool,
    }

    impl Books {
        fn act(&mut self, action: Action) -> Event {
            match action {
                Action::Charge => self.charged = true,
                Action::Ship => self.parcel = true,
                Action::Refund => self.charged = false,
                Action::Dispatch => return Event::Dispatched,
            }
            match action {
                Action::Charge => Event::Paid,
                Action::Ship => Event::Shipped,
                _ => Event::Refunded,
            }
        }
    }

    /// So many steps, of which the last is done and, after a crash, perhaps not written down. Then
    /// the customer cancels, and the next process goes on to the end.
    fn story(steps: usize, crashes: bool) -> (Books, bool) {
        let (mut books, mut events) = (Books::default(), Vec::new());
        for step in 1..=steps {
            let Some(action) = next(&events) else { break };
            let event = books.act(action);
            if step < steps || !crashes {
                events.push(event);
            }
        }
        let canceled = cancel(&events).map(|event| events.push(event)).is_ok();
        for _ in 0..10 {
            let Some(action) = next(&events) else { break };
            let event = books.act(action);
            events.push(event);
        }
        (books, canceled)
    }

    #[test]
    fn whenever_the_customer_cancels_the_books_agree() {
        for steps in 0..6 {
            for crashes in [false, true] {
                let (books, canceled) = story(steps, crashes);
                let expected = Books {
                    charged: !canceled,
                    parcel: !canceled,
                };
                assert_eq!(books, expected, "after {steps} steps, crash: {crashes}");
            }
        }
    }

    #[test]
    fn who_cancels_early_gets_the_order_canceled_and_who_is_late_gets_the_parcel() {
        assert!(story(0, false).1);
        assert!(story(1, false).1);
        assert!(!story(3, false).1);
    }
}
