//! Points at which the process may end, so that a test can end it at each of them.
//!
//! A point is a name in the code: `crash.point("relay: published").await`. In production a point
//! does nothing. A test counts the points that a scenario passes, and then plays the scenario
//! once for each of them: the process ends there, either by `abort`, or, faster, in
//! thought: no task gets past its next point, and the test drops them all.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

/// A cheap-to-clone handle to the plan, which without one does nothing.
#[derive(Clone, Debug, Default)]
pub struct Crash(Option<Arc<Plan>>);

#[derive(Debug)]
struct Plan {
    at: At,
    abort: bool,
    /// How often each point was passed.
    seen: Mutex<BTreeMap<&'static str, u64>>,
    happened: watch::Sender<bool>,
    faults: Mutex<Faults>,
}

/// Where the process ends.
#[derive(Debug)]
enum At {
    Nowhere,
    /// When a point is reached for the n-th time.
    Point(String, u64),
    /// When so many points have been reached.
    Count(u64),
}

/// What fails meanwhile.
#[derive(Debug)]
struct Faults {
    dice: fastrand::Rng,
    share: f64,
    down: Option<&'static str>,
}

impl Crash {
    /// Counts the points, and ends nothing.
    pub fn counted() -> Crash {
        Crash::planned(At::Nowhere, false)
    }

    /// Ends in thought when the point is reached for the n-th time, from 1.
    pub fn imagined(point: &str, nth: u64) -> Crash {
        Crash::planned(At::Point(point.to_owned(), nth), false)
    }

    /// Ends in thought when so many points have been reached; until then a share, 0 to 1, of what
    /// is written or sent fails, as the seed wants it.
    pub fn weather(count: u64, share: f64, seed: u64) -> Crash {
        let crash = Crash::planned(At::Count(count), false);
        if let Some(plan) = &crash.0 {
            let dice = fastrand::Rng::with_seed(seed);
            *lock(&plan.faults) = Faults {
                dice,
                share,
                down: None,
            };
        }
        crash
    }

    /// Aborts the process when the point is reached for the n-th time. The plan has the form
    /// `NAME:N`; without a number it's the first time.
    pub fn real(plan: &str) -> Crash {
        let split = plan.rsplit_once(':');
        let (name, nth) = split
            .and_then(|(name, nth)| Some((name, nth.parse().ok()?)))
            .unwrap_or((plan, 1));
        Crash::planned(At::Point(name.to_owned(), nth), true)
    }

    fn planned(at: At, abort: bool) -> Crash {
        let (seen, happened) = (Mutex::default(), watch::Sender::new(false));
        let (dice, share, down) = (fastrand::Rng::with_seed(0), 0.0, None);
        let faults = Mutex::new(Faults { dice, share, down });
        Crash(Some(Arc::new(Plan {
            at,
            abort,
            seen,
            happened,
            faults,
        })))
    }

    /// Lets each write to the database of this name fail, or each sending if it's `bus`; or no more.
    pub fn take_down(&self, what: Option<&'static str>) {
        if let Some(plan) = &self.0 {
            lock(&plan.faults).down = what;
        }
    }

    /// Whether what is about to be written or sent fails.
    pub fn fails(&self, what: &str) -> bool {
        let Some(plan) = &self.0 else { return false };
        let mut faults = lock(&plan.faults);
        let share = faults.share;
        faults.down == Some(what) || (share > 0.0 && faults.dice.f64() < share)
    }

    // ANCHOR: point
    /// A point in async code: after the end, it doesn't return.
    pub async fn point(&self, name: &'static str) {
        if self.reached(name) {
            pending().await
        }
    }

    /// A point in blocking code. If it answers true, the caller must do no more.
    pub fn reached(&self, name: &'static str) -> bool {
        let Some(plan) = &self.0 else { return false };
        if *plan.happened.borrow() {
            return true;
        }
        let (nth, all) = plan.count(name);
        let is_here = match &plan.at {
            At::Nowhere => false,
            At::Point(point, time) => point == name && *time == nth,
            At::Count(count) => *count == all,
        };
        if !is_here {
            return false;
        }
        if plan.abort {
            std::process::abort();
        }
        plan.happened.send_replace(true);
        true
    }
    // ANCHOR_END: point

    /// Returns when the end in thought has come; without a plan, it doesn't.
    pub async fn happened(&self) {
        match &self.0 {
            Some(plan) => {
                let mut happened = plan.happened.subscribe();
                let _ = happened.wait_for(|it| *it).await; // the plan holds the sender
            }
            None => pending().await,
        }
    }

    /// Whether the end in thought has come.
    pub fn has_happened(&self) -> bool {
        self.0.as_ref().is_some_and(|plan| *plan.happened.borrow())
    }

    /// How often each point was passed.
    pub fn seen(&self) -> BTreeMap<&'static str, u64> {
        let seen = self.0.as_ref().map(|plan| lock(&plan.seen).clone());
        seen.unwrap_or_default()
    }
}

impl Plan {
    /// How often this point has been passed, and how often all of them.
    fn count(&self, name: &'static str) -> (u64, u64) {
        let mut seen = lock(&self.seen);
        *seen.entry(name).or_default() += 1;
        (seen[name], seen.values().sum())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("counting doesn't panic")
}
