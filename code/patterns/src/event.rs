//! An event that tasks wait for, and that can be set and cleared again.
//!
//! The semantics are those of Python's [`asyncio.Event`]: a waiter returns if the event is set,
//! or as soon as it has been set, even if it is cleared again before the waiter has its turn.
//! A `watch<bool>` alone would lose such a pulse, since it keeps only the latest value.
//!
//! Take [`tokio::sync::SetOnce`] or a `CancellationToken` for what happens once, and
//! [`tokio::sync::watch`] if waiters want the value and not the moment.
//!
//! [`asyncio.Event`]: https://docs.python.org/3.11/library/asyncio-sync.html#asyncio.Event

use tokio::sync::watch;

// ANCHOR: event
/// A flag that tasks can wait for.
#[derive(Debug)]
pub struct Event {
    state: watch::Sender<State>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    set: bool,
    /// How often the event has been set. It tells a waiter of a pulse that is over.
    times: u64,
}

impl Event {
    /// An event that is not set.
    pub fn new() -> Event {
        Event {
            state: watch::Sender::new(State::default()),
        }
    }

    /// Sets the event, and wakes every task that waits. Setting it twice is setting it once.
    pub fn set(&self) {
        self.state.send_if_modified(|state| {
            let changes = !state.set;
            if changes {
                state.set = true;
                state.times += 1;
            }
            changes
        });
    }

    /// Clears the event: a task that begins to wait now, waits for the next `set`.
    pub fn clear(&self) {
        self.state.send_modify(|state| state.set = false);
    }

    /// Whether the event is set at this moment.
    pub fn is_set(&self) -> bool {
        self.state.borrow().set
    }

    /// Waits until the event is set. It counts from the call, not from the first poll.
    ///
    /// Cancel safe: a waiter takes nothing, so one that is dropped leaves nothing behind.
    pub fn wait(&self) -> impl Future<Output = ()> + use<> {
        let mut state = self.state.subscribe();
        let at_call = *state.borrow_and_update();
        async move {
            let happened = |now: &State| now.set || now.times != at_call.times;
            // An error would mean that the event itself is gone, and can't be set anymore.
            if state.wait_for(happened).await.is_err() {
                std::future::pending().await
            }
        }
    }
}
// ANCHOR_END: event

impl Default for Event {
    fn default() -> Event {
        Event::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready};

    use super::*;
    use crate::cancel_at_every_await::cancel_at_every_await;

    #[test]
    fn a_waiter_returns_at_once_while_the_event_is_set() {
        let event = Event::new();
        event.set();
        assert_ready!(spawn(event.wait()).poll());
        assert_ready!(spawn(event.wait()).poll());
    }

    #[test]
    fn every_waiter_is_woken_by_one_set() {
        let event = Event::new();
        let mut waiters: Vec<_> = (0..3).map(|_| spawn(event.wait())).collect();
        for waiter in &mut waiters {
            assert_pending!(waiter.poll());
        }
        event.set();
        for waiter in &mut waiters {
            assert!(waiter.is_woken());
            assert_ready!(waiter.poll());
        }
    }

    #[test]
    fn a_pulse_reaches_those_that_wait_and_none_after_it() {
        let event = Event::new();
        let mut before = spawn(event.wait());
        assert_pending!(before.poll());
        event.set();
        event.clear();
        assert_ready!(before.poll());
        assert_pending!(spawn(event.wait()).poll());
    }

    #[test]
    fn waiting_counts_from_the_call() {
        let event = Event::new();
        let mut waiter = spawn(event.wait());
        event.set();
        event.clear();
        assert_ready!(waiter.poll());
    }

    #[test]
    fn a_cleared_event_waits_for_the_next_set() {
        let event = Event::new();
        event.set();
        event.clear();
        assert!(!event.is_set());
        let mut waiter = spawn(event.wait());
        assert_pending!(waiter.poll());
        event.set();
        assert_ready!(waiter.poll());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_set_is_missed_between_the_call_and_the_wait() {
        for _ in 0..1_000 {
            let event = Arc::new(Event::new());
            let setter = Arc::clone(&event);
            let waiting = event.wait();
            let setting = tokio::spawn(async move {
                setter.set();
                setter.clear();
            });
            waiting.await;
            setting.await.expect("no panic");
        }
    }

    #[test]
    fn a_wait_that_is_dropped_anywhere_takes_the_pulse_from_no_other() {
        let points = cancel_at_every_await(async |cut| {
            let event = Arc::new(Event::new());
            let other = event.wait();
            let setter = Arc::clone(&event);
            tokio::spawn(async move {
                setter.set();
                setter.clear();
            });
            cut.run(event.wait()).await;
            other.await;
        });
        assert_eq!(points, 1);
    }
}
