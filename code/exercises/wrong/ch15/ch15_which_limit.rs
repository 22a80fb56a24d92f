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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn step(name: &'static str, takes: u64) -> Step {
        Step {
            name,
            takes: seconds(takes),
            result: Ok(()),
        }
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn steps_in_time_are_done_in_order() {
        let start = Instant::now();
        let steps = [step("parse", 1), step("store", 2)];
        assert_eq!(run(&steps, seconds(3), seconds(10)).await, Ok(()));
        assert_eq!(start.elapsed(), seconds(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_step_is_named_when_its_limit_passes() {
        let start = Instant::now();
        let steps = [step("parse", 1), step("store", 60)];
        let failure = Failure::TooSlow { step: "store" };
        assert_eq!(run(&steps, seconds(3), seconds(10)).await, Err(failure));
        assert_eq!(start.elapsed(), seconds(4));
    }

    #[tokio::test(start_paused = true)]
    async fn many_quick_steps_can_be_too_late_together() {
        let start = Instant::now();
        let steps: Vec<_> = (0..100).map(|_| step("page", 2)).collect();
        let result = run(&steps, seconds(3), seconds(9)).await;
        assert_eq!(result, Err(Failure::TooLate));
        assert_eq!(start.elapsed(), seconds(9));
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_step_reports_is_passed_on() {
        let mut steps = [step("parse", 1), step("store", 1)];
        steps[0].result = Err("no number");
        let result = run(&steps, seconds(3), seconds(9)).await;
        assert_eq!(result, Err(Failure::Broken("no number")));
    }
}
