//! Wrong: the loop takes a panic for the end of the set.

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
    while let Some((name, Ok(end))) = tasks.join_next().await {
        failures.extend(end.err().map(|reason| (name, reason)));
    }
    failures
}

fn main() {}
