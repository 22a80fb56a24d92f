//! Wrong: the quorum ends it, although one with a veto has not spoken.

use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

/// A critic of a plan.
#[derive(Clone, Copy)]
struct Critic {
    thinks: Duration,
    agrees: bool,
    /// If it disagrees, or says nothing in time, the plan is refused.
    may_veto: bool,
}

/// Whether a plan is accepted: `quorum` critics agree by `due`, those with a veto among them or
/// not, and each one with a veto agrees by `due`.
/// Returns as soon as it is accepted, or one with a veto disagrees; else at `due`.
async fn accepted(critics: &[Critic], quorum: usize, due: Instant) -> bool {
    let mut verdicts = JoinSet::new();
    for critic in critics.iter().copied() {
        verdicts.spawn(async move {
            sleep(critic.thinks).await;
            critic
        });
    }
    let mut agree = 0;
    while let Ok(Some(verdict)) = timeout_at(due, verdicts.join_next()).await {
        let critic = verdict.unwrap();
        if critic.may_veto && !critic.agrees {
            return false;
        }
        agree += usize::from(critic.agrees);
        if agree >= quorum {
            return true;
        }
    }
    tokio::time::sleep_until(due).await;
    false
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    fn critic(seconds: u64, agrees: bool, may_veto: bool) -> Critic {
        Critic {
            thinks: Duration::from_secs(seconds),
            agrees,
            may_veto,
        }
    }

    /// Whether it is accepted with a quorum of 2 in 10 seconds, and after how many.
    async fn run(critics: &[Critic]) -> (bool, u64) {
        let start = Instant::now();
        let accepted = accepted(critics, 2, start + Duration::from_secs(10)).await;
        (accepted, start.elapsed().as_secs())
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn without_a_veto_it_ends_with_the_quorum() {
        let critics = [1, 60, 3].map(|seconds| critic(seconds, true, false));
        assert_eq!(run(&critics).await, (true, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn those_with_a_veto_are_waited_for() {
        let fast = [critic(1, true, false), critic(2, true, false)];
        assert_eq!(
            run(&[fast[0], fast[1], critic(5, true, true)]).await,
            (true, 5)
        );
        assert_eq!(
            run(&[fast[0], fast[1], critic(5, false, true)]).await,
            (false, 5)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn silence_of_one_with_a_veto_is_a_veto() {
        let fast = [critic(1, true, false), critic(2, true, false)];
        assert_eq!(
            run(&[fast[0], fast[1], critic(60, true, true)]).await,
            (false, 10)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn too_few_in_time_are_too_few() {
        let critics = [1, 60, 60].map(|seconds| critic(seconds, true, false));
        assert_eq!(run(&critics).await, (false, 10));
        let against = [
            critic(1, true, false),
            critic(2, false, false),
            critic(60, true, false),
        ];
        assert_eq!(run(&against).await, (false, 10));
    }
}
