//! Wrong: each task that ends starts the patience anew.

use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

#[derive(Debug, PartialEq)]
struct Stopped {
    /// Names of those that ended in time, in the order in which they did.
    in_time: Vec<&'static str>,
    /// How many had to be aborted.
    cut: usize,
}

/// Cancels `stop` and waits for the tasks, all in all no longer than `patience`; then aborts
/// what is left. Returns when no task is there anymore.
async fn stop_within(
    stop: CancellationToken,
    mut tasks: JoinSet<&'static str>,
    patience: Duration,
) -> Stopped {
    stop.cancel();
    let mut in_time = Vec::new();
    while let Ok(Some(end)) = timeout(patience, tasks.join_next()).await {
        in_time.push(end.expect("no panic"));
    }
    let cut = tasks.len();
    tasks.shutdown().await;
    Stopped { in_time, cut }
}

fn main() {}
