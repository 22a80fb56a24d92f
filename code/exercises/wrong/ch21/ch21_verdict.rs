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
