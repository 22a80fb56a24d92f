//! Wrong: nobody wakes the task, so nobody ever polls it again.

use std::pin::Pin;
use std::task::{Context, Poll};

#[derive(Default)]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        Poll::Pending
    }
}

pub fn yield_now() -> YieldNow {
    YieldNow::default()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use tokio_test::{assert_pending, assert_ready, task};

    #[test]
    fn the_first_poll_is_pending_and_the_second_is_ready() {
        let mut future = task::spawn(yield_now());
        assert_pending!(future.poll());
        assert_ready!(future.poll());
    }

    #[test]
    fn it_asks_to_be_polled_again() {
        let mut future = task::spawn(yield_now());
        assert_pending!(future.poll());
        assert!(future.is_woken(), "nobody will ever poll this again");
    }

    #[test]
    fn two_futures_take_turns() {
        let log = RefCell::new(Vec::new());
        let speak = async |name: &'static str| {
            for _ in 0..2 {
                log.borrow_mut().push(name);
                yield_now().await;
            }
        };
        let mut both = task::spawn(async { tokio::join!(speak("a"), speak("b")) });
        while both.poll().is_pending() {
            assert!(both.is_woken(), "both wait and nobody wakes them");
        }
        drop(both);
        let log = log.into_inner();
        assert_eq!(log.len(), 4);
        assert_ne!(log[0], log[1], "one spoke twice before the other");
    }
}
