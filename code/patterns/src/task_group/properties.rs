//! Each test makes up hundreds of groups and says beforehand what must become of them.

use super::*;
use futures::FutureExt;
use proptest::prelude::*;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::time::{Instant, sleep_until, timeout};

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

// ANCHOR: plan
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Value,
    Error,
    Panic,
}

/// What one task is going to do.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// When it ends if it is left alone.
    at: Duration,
    end: End,
    /// Does it end when it is told to?
    listens: bool,
}

impl Plan {
    /// `_alive` is dropped when the task is.
    async fn run(
        self,
        id: usize,
        stop: CancellationToken,
        _alive: Arc<()>,
    ) -> Result<usize, usize> {
        tokio::select! {
            biased;
            () = sleep(self.at) => {}
            () = stop.cancelled(), if self.listens => return Ok(id),
        }
        match self.end {
            End::Value => Ok(id),
            End::Error => Err(id),
            End::Panic => resume_unwind(Box::new(id)), // a panic without its message
        }
    }
}

/// Tasks end at full tens of milliseconds; what happens to a group happens between them.
fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let end = prop_oneof![
        6 => Just(End::Value),
        2 => Just(End::Error),
        1 => Just(End::Panic),
    ];
    let plan = (0..20_u64, end, any::<bool>()).prop_map(|(tens, end, listens)| Plan {
        at: ms(tens * 10),
        end,
        listens,
    });
    prop::collection::vec(plan, 0..12)
}
// ANCHOR_END: plan

/// Runs `test` on one thread and a paused clock.
fn paused<F: Future>(test: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.expect("a runtime without sockets").block_on(test)
}

fn group_of(
    plans: &[Plan],
    parent: &CancellationToken,
    grace: Duration,
    alive: &Arc<()>,
) -> TaskGroup<usize, usize> {
    let mut group = TaskGroup::new(parent, grace);
    for (id, plan) in plans.iter().enumerate() {
        let task = plan.run(id, group.token(), Arc::clone(alive));
        group.spawn(task);
    }
    group
}

// ANCHOR: outcome
/// What becomes of a group.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    values: Vec<usize>,
    errors: Vec<usize>,
    panics: Vec<usize>,
    aborted: usize,
    after: Duration,
}

impl Outcome {
    /// A panic hides the errors, and a failure the values.
    fn allows(mut self, found: &Self) -> bool {
        if !self.panics.is_empty() {
            return found.panics.len() == 1 && self.panics.contains(&found.panics[0]);
        }
        if !self.errors.is_empty() || self.aborted > 0 {
            self.values.clear();
        }
        self == *found
    }
}

/// What must become of `plans`, if the group is told to stop at `told` at the latest.
fn foretell(plans: &[Plan], told: Duration, grace: Duration) -> Outcome {
    let failures = plans.iter().filter(|plan| plan.end != End::Value);
    let told = failures.map(|plan| plan.at).fold(told, Duration::min);
    let mut outcome = Outcome::default();
    for (id, plan) in plans.iter().enumerate() {
        let left_alone = plan.at <= told || (!plan.listens && plan.at < told + grace);
        let after = match (left_alone, plan.listens) {
            (true, _) => plan.at,
            (false, true) => told,
            (false, false) => told + grace,
        };
        outcome.after = outcome.after.max(after);
        match (left_alone, plan.listens, plan.end) {
            (true, _, End::Value) | (false, true, _) => outcome.values.push(id),
            (true, _, End::Error) => outcome.errors.push(id),
            (true, _, End::Panic) => outcome.panics.push(id),
            (false, false, _) => outcome.aborted += 1,
        }
    }
    outcome
}
// ANCHOR_END: outcome

// ANCHOR: properties
proptest! {
    /// Waits for all, stops siblings at the first failure, keeps each error and each panic.
    #[test]
    fn ends_as_foretold(plans in plans(), told in 0..20_u64, grace in 0..10_u64) {
        let (told, grace) = (ms(told * 10 + 3), ms(grace * 10 + 5));
        let expected = foretell(&plans, told, grace);
        paused(async {
            let (alive, parent) = (Arc::new(()), CancellationToken::new());
            let group = group_of(&plans, &parent, grace, &alive);
            let start = Instant::now();
            let stop_it = async {
                sleep_until(start + told).await;
                parent.cancel();
            };
            let joined = async {
                let result = AssertUnwindSafe(group.join()).catch_unwind().await;
                (result, Arc::strong_count(&alive) - 1, start.elapsed())
            };
            let ((result, left, after), ()) = tokio::join!(joined, stop_it);

            prop_assert_eq!(left, 0, "tasks run on");
            prop_assert_eq!(after, expected.after);
            let mut found = Outcome { after, ..Outcome::default() };
            match result {
                Ok(Ok(values)) => found.values = values,
                Ok(Err(it)) => (found.errors, found.aborted) = (it.errors, it.aborted),
                Err(panic) => found.panics = vec![*panic.downcast().expect("an id")],
            }
            found.values.sort_unstable();
            found.errors.sort_unstable();
            let difference = format!("{found:?} instead of {expected:?}");
            prop_assert!(expected.allows(&found), "{}", difference);
            Ok(())
        })?;
    }

    /// An owner that is cancelled leaves no task behind.
    #[test]
    fn does_not_outlive_its_owner(plans in plans(), dropped in 0..20_u64) {
        paused(async {
            let (alive, parent) = (Arc::new(()), CancellationToken::new());
            let group = group_of(&plans, &parent, ms(1_000), &alive);
            let stop = group.token();
            let owner = tokio::spawn(timeout(ms(dropped * 10 + 3), group.join()));
            let _ended = owner.await; // in time, in vain, or with a panic
            sleep(ms(1)).await; // the tasks need a turn to be dropped
            prop_assert_eq!(Arc::strong_count(&alive), 1, "a task is left");
            prop_assert!(stop.is_cancelled());
            Ok(())
        })?;
    }
}
// ANCHOR_END: properties
