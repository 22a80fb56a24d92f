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
