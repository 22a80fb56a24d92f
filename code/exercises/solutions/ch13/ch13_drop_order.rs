//! Four futures are dropped before they are done. Which of their values are dropped,
//! and in which order?
//!
//! Predict all four before you run anything. For each value ask who owns it at that
//! moment: a variable, a function that it was moved into, or nothing anymore. Then
//! write the names into `predictions`; the tests drop the futures and compare.

use std::cell::RefCell;
use std::future::pending;

thread_local! {
    static LOG: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Writes its name into the log when it is dropped.
struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        LOG.with_borrow_mut(|log| log.push(self.0));
    }
}

async fn first() {
    let _pan = Noisy("pan");
    let _lid = Noisy("lid");
    pending::<()>().await;
}

async fn boil(_egg: Noisy) {
    let _fire = Noisy("fire");
    pending::<()>().await;
}

async fn second() {
    let egg = Noisy("egg");
    let _clock = Noisy("clock");
    boil(egg).await;
}

async fn third() {
    let _ = Noisy("order");
    let plate = Noisy("plate");
    let _meal = (plate, Noisy("fork"));
    pending::<()>().await;
}

/// This one is dropped before its first poll.
async fn fourth(_tea: Noisy, _cake: Noisy) {
    let _table = Noisy("table");
    pending::<()>().await;
}

/// The names that `first` to `fourth` leave in the log, in order.
fn predictions() -> [Vec<&'static str>; 4] {
    [
        vec!["lid", "pan"],
        vec!["fire", "egg", "clock"],
        vec!["order", "plate", "fork"],
        vec!["tea", "cake"],
    ]
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_test::task::spawn;

    /// Polls the future once, so that it waits, and drops it.
    fn cancelled(future: impl Future<Output = ()>) -> Vec<&'static str> {
        LOG.take();
        let mut future = spawn(future);
        assert!(future.poll().is_pending());
        drop(future);
        LOG.take()
    }

    #[track_caller]
    fn compare(prediction: &[&str], dropped: &[&str]) {
        assert_eq!(
            prediction, dropped,
            "predicted on the left, what happened on the right"
        );
    }

    #[test]
    fn two_variables_go_as_predicted() {
        compare(&predictions()[0], &cancelled(first()));
    }

    #[test]
    fn a_value_that_was_moved_into_a_call_goes_as_predicted() {
        compare(&predictions()[1], &cancelled(second()));
    }

    #[test]
    fn an_underscore_and_a_tuple_go_as_predicted() {
        compare(&predictions()[2], &cancelled(third()));
    }

    #[test]
    fn a_future_that_was_not_polled_goes_as_predicted() {
        LOG.take();
        drop(fourth(Noisy("tea"), Noisy("cake")));
        compare(&predictions()[3], &LOG.take());
    }
}
