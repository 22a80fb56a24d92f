use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
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
    let deadline = Instant::now() + patience;
    stop.cancel();
    let mut in_time = Vec::new();
    while let Ok(Some(end)) = timeout_at(deadline, tasks.join_next()).await {
        in_time.push(end.expect("no panic"));
    }
    let cut = tasks.len();
    tasks.shutdown().await;
    Stopped { in_time, cut }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::time::{Instant, sleep};

    const PATIENCE: Duration = Duration::from_secs(5);

    /// Tasks that work until they are told to stop, and then need so many seconds.
    async fn stopped(tasks: &[(&'static str, u64)]) -> (Stopped, Duration) {
        let (stop, alive) = (CancellationToken::new(), Arc::new(()));
        let mut set = JoinSet::new();
        for &(name, seconds) in tasks {
            let (told, alive) = (stop.clone(), Arc::clone(&alive));
            set.spawn(async move {
                told.cancelled().await;
                sleep(Duration::from_secs(seconds)).await;
                drop(alive);
                name
            });
        }
        sleep(Duration::from_secs(60)).await;
        let start = Instant::now();
        let stopped = stop_within(stop, set, PATIENCE).await;
        assert_eq!(Arc::strong_count(&alive), 1, "a task is left");
        (stopped, start.elapsed())
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn tasks_that_end_in_time_are_not_cut() {
        let (stopped, took) = stopped(&[("b", 2), ("a", 1)]).await;
        assert_eq!(stopped.in_time, ["a", "b"]);
        assert_eq!(stopped.cut, 0);
        assert_eq!(took, Duration::from_secs(2), "it waits for the deadline");
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_need_longer_are_cut_at_the_deadline() {
        let (stopped, took) = stopped(&[("a", 1), ("hour", 3_600)]).await;
        assert_eq!(stopped.in_time, ["a"]);
        assert_eq!(stopped.cut, 1);
        assert_eq!(took, PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn the_patience_is_for_all_of_them() {
        let tasks = [("a", 3), ("b", 4), ("c", 7), ("d", 11)];
        let (stopped, took) = stopped(&tasks).await;
        assert_eq!(took, PATIENCE);
        assert_eq!(stopped.in_time, ["a", "b"]);
        assert_eq!(stopped.cut, 2);
    }
}
