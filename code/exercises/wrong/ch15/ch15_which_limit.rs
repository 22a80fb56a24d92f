//! Wrong: a limit for each step is none for the whole; a hundred quick steps add up.

use std::time::Duration;
use tokio::time::{sleep, timeout};

struct Step {
    name: &'static str,
    takes: Duration,
    result: Result<(), &'static str>,
}

impl Step {
    async fn work(&self) -> Result<(), &'static str> {
        sleep(self.takes).await;
        self.result
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Failure {
    TooSlow { step: &'static str },
    TooLate,
    Broken(&'static str),
}

/// Does the steps in order, and stops at the first failure.
async fn run(steps: &[Step], each: Duration, whole: Duration) -> Result<(), Failure> {
    for step in steps {
        // Each step is limited, so the whole is too, or is it?
        match timeout(each.min(whole), step.work()).await {
            Ok(result) => result.map_err(Failure::Broken)?,
            Err(_) if whole < each => return Err(Failure::TooLate),
            Err(_) => return Err(Failure::TooSlow { step: step.name }),
        }
    }
    Ok(())
}

fn main() {}
