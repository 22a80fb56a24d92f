//! Wrong: hands the turn on after the step, and so not if the step is cancelled.

use tokio::sync::Notify;

/// Hands a turn from task to task.
#[derive(Default)]
struct Turn {
    bell: Notify,
}

impl Turn {
    /// Gives the first turn.
    fn begin(&self) {
        self.bell.notify_one();
    }

    /// Waits for the turn, does `step`, and hands the turn on, whatever happens to this task.
    async fn take_turn<T>(&self, step: impl Future<Output = T>) -> T {
        self.bell.notified().await;
        let result = step.await;
        self.bell.notify_one();
        result
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use std::future::{pending, ready};
    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready_eq};

    #[test]
    fn the_turn_goes_on_after_a_step() {
        let turn = Turn::default();
        let mut first = spawn(turn.take_turn(ready(1)));
        let mut second = spawn(turn.take_turn(ready(2)));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        turn.begin();
        assert_pending!(second.poll());
        assert_ready_eq!(first.poll(), 1);
        assert_ready_eq!(second.poll(), 2);
    }

    #[test]
    fn a_step_that_is_cancelled_hands_the_turn_on() {
        let turn = Turn::default();
        let mut first = spawn(turn.take_turn(pending::<u32>()));
        let mut second = spawn(turn.take_turn(ready(2)));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        turn.begin();
        assert_pending!(first.poll());
        drop(first);
        assert_ready_eq!(second.poll(), 2);
    }

    #[test]
    fn a_task_that_is_cancelled_before_its_turn_hands_nothing_on() {
        let turn = Turn::default();
        let mut first = spawn(turn.take_turn(ready(1)));
        let mut second = spawn(turn.take_turn(ready(2)));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        drop(first);
        assert_pending!(second.poll());
    }
}
