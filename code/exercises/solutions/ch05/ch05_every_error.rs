use std::time::Duration;
use tokio::time::sleep;
use tokio_util::task::JoinMap;

/// What a check finds after its seconds.
#[derive(Clone, Copy)]
enum Finding {
    Fine,
    Wrong(&'static str),
    Bug,
}

async fn check(seconds: u64, finding: Finding) -> Result<(), &'static str> {
    sleep(Duration::from_secs(seconds)).await;
    match finding {
        Finding::Fine => Ok(()),
        Finding::Wrong(reason) => Err(reason),
        Finding::Bug => panic!("index out of bounds"),
    }
}

type Check = (&'static str, u64, Finding);

/// Runs all checks side by side. Returns the names and reasons of all that failed, as they
/// came; the reason of one that panicked is "panicked".
async fn check_all(checks: &[Check]) -> Vec<(&'static str, &'static str)> {
    let mut tasks = JoinMap::new();
    for &(name, seconds, finding) in checks {
        tasks.spawn(name, check(seconds, finding));
    }
    let mut failures = Vec::new();
    while let Some((name, end)) = tasks.join_next().await {
        match end {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => failures.push((name, reason)),
            Err(_panic) => failures.push((name, "panicked")),
        }
    }
    failures
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::Finding::{Bug, Fine, Wrong};
    use super::*;
    use tokio::time::Instant;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn all_that_is_wrong_is_reported_by_name() {
        let checks = [
            ("disk", 2, Wrong("full")),
            ("clock", 3, Fine),
            ("network", 1, Wrong("no route")),
        ];
        let failures = check_all(&checks).await;
        assert_eq!(failures, [("network", "no route"), ("disk", "full")]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_reported_and_hides_nothing() {
        let checks = [("disk", 2, Wrong("full")), ("network", 1, Bug)];
        let failures = check_all(&checks).await;
        assert_eq!(failures, [("network", "panicked"), ("disk", "full")]);
    }

    #[tokio::test(start_paused = true)]
    async fn checks_run_side_by_side() {
        let start = Instant::now();
        let checks = [("disk", 2, Fine), ("clock", 3, Fine)];
        assert_eq!(check_all(&checks).await, []);
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }
}
