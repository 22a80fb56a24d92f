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
    at: Option<(String, u64)>,
    abort: bool,
    /// How often each point was passed.
    seen: Mutex<BTreeMap<&'static str, u64>>,
    happened: watch::Sender<bool>,
}

impl Crash {
    /// Counts the points, and ends nothing.
    pub fn counted() -> Crash {
        Crash::planned(None, false)
    }

    /// Ends in thought when the point is reached for the n-th time, from 1.
    pub fn imagined(point: &str, nth: u64) -> Crash {
        Crash::planned(Some((point.to_owned(), nth)), false)
    }

    /// Aborts the process when the point is reached for the n-th time. The plan has the form
    /// `NAME:N`; without a number it's the first time.
    pub fn real(plan: &str) -> Crash {
        let (name, nth) = match plan.rsplit_once(':') {
            Some((name, nth)) if nth.parse::<u64>().is_ok() => (name, nth.parse().unwrap_or(1)),
            _ => (plan, 1),
        };
        Crash::planned(Some((name.to_owned(), nth)), true)
    }

    fn planned(at: Option<(String, u64)>, abort: bool) -> Crash {
        Crash(Some(Arc::new(Plan {
            at,
            abort,
            seen: Mutex::default(),
            happened: watch::Sender::new(false),
        })))
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
        let nth = plan.count(name);
        if plan
            .at
            .as_ref()
            .is_none_or(|at| *at != (name.to_owned(), nth))
        {
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
        self.0
            .as_ref()
            .map_or_else(BTreeMap::new, |plan| plan.counts().clone())
    }
}

impl Plan {
    fn counts(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.seen.lock().expect("counting doesn't panic")
    }

    fn count(&self, name: &'static str) -> u64 {
        let mut seen = self.counts();
        let nth = seen.entry(name).or_default();
        *nth += 1;
        *nth
    }
}
