//! Points at which the process may end, so that a test can end it at each of them.
//!
//! In production a point does nothing. A test counts the points that a scenario passes, and then
//! plays the scenario once for each of them: the process ends there, either by `abort`, or, faster,
//! in thought: no task gets past its next point, and the test drops them all.

use std::collections::BTreeMap;
use std::fmt;
use std::future::pending;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard};

use clap::ValueEnum;
use tokio::sync::watch;

/// A point of the code, with the name that `--crash` knows it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Point {
    #[value(name = "command: cancel requested")]
    CancelRequested,
    #[value(name = "command: order placed")]
    OrderPlaced,
    #[value(name = "events: committed, no one told")]
    EventsCommitted,
    #[value(name = "events: written, not committed")]
    EventsWritten,
    #[value(name = "parked: committed, no one told")]
    ParkedCommitted,
    #[value(name = "parked: written, not committed")]
    ParkedWritten,
    #[value(name = "relay: about to publish")]
    AboutToPublish,
    #[value(name = "relay: place moved")]
    PlaceMoved,
    #[value(name = "relay: published")]
    Published,
    #[value(name = "saga: a line released")]
    LineReleased,
    #[value(name = "saga: a line reserved")]
    LineReserved,
    #[value(name = "saga: acted")]
    Acted,
    #[value(name = "saga: begun")]
    Begun,
    #[value(name = "saga: order ended")]
    OrderEnded,
    #[value(name = "view: committed, no one told")]
    ViewCommitted,
    #[value(name = "view: shadow advanced")]
    ShadowAdvanced,
    #[value(name = "view: swapped")]
    Swapped,
    #[value(name = "view: written, not committed")]
    ViewWritten,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("none is hidden");
        f.write_str(value.get_name())
    }
}

/// A cheap-to-clone handle to the plan, which without one does nothing.
#[derive(Clone, Debug, Default)]
pub struct Crash(Option<Arc<Plan>>);

#[derive(Debug)]
struct Plan {
    /// It ends when this point, or without one any point, is reached for the n-th time, from 1.
    at: (Option<Point>, u64),
    abort: bool,
    /// How often each point was passed.
    seen: Mutex<BTreeMap<Point, u64>>,
    happened: watch::Sender<bool>,
    faults: Mutex<Faults>,
}

/// What fails meanwhile.
#[derive(Debug, Default)]
struct Faults {
    dice: fastrand::Rng,
    share: f64,
    down: Option<&'static str>,
}

impl Crash {
    /// Counts the points, and ends nothing.
    pub fn counted() -> Crash {
        Crash::planned((None, 0), false, Faults::default())
    }

    /// Ends in thought when the point is reached for the n-th time, from 1.
    pub fn imagined(point: Point, nth: u64) -> Crash {
        Crash::planned((Some(point), nth), false, Faults::default())
    }

    /// Ends in thought when so many points have been reached; until then a share, 0 to 1, of what
    /// is written or sent fails, as the seed wants it.
    pub fn weather(count: u64, share: f64, seed: u64) -> Crash {
        let (dice, down) = (fastrand::Rng::with_seed(seed), None);
        Crash::planned((None, count), false, Faults { dice, share, down })
    }

    /// Aborts the process when the point is reached for the n-th time. The plan has the form
    /// `NAME:N`; without a number it's the first time.
    ///
    /// # Errors
    ///
    /// Lists the points if the plan names none of them, or says that N isn't a number from 1 on.
    pub fn real(plan: &str) -> Result<Crash, String> {
        let counted = plan.rsplit_once(':');
        let counted = counted.filter(|_| Point::from_str(plan, false).is_err());
        let (name, nth) = counted.unwrap_or((plan, "1"));
        let point = Point::from_str(name, false).map_err(|_| {
            let points = Point::value_variants().iter().map(Point::to_string);
            let points: Vec<String> = points.collect();
            format!("there is no such point; there are: {}", points.join("; "))
        })?;
        let number = nth.parse::<NonZeroU64>();
        let nth = number.map_err(|_| format!("{nth:?} isn't a number from 1 on"))?;
        Ok(Crash::planned(
            (Some(point), nth.get()),
            true,
            Faults::default(),
        ))
    }

    fn planned(at: (Option<Point>, u64), abort: bool, faults: Faults) -> Crash {
        Crash(Some(Arc::new(Plan {
            at,
            abort,
            seen: Mutex::default(),
            happened: watch::Sender::new(false),
            faults: Mutex::new(faults),
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
    pub async fn point(&self, point: impl Into<Option<Point>>) {
        if self.reached(point) {
            pending().await
        }
    }

    /// A point in blocking code. If it answers true, the caller must do no more.
    pub fn reached(&self, point: impl Into<Option<Point>>) -> bool {
        if self.has_happened() {
            return true;
        }
        let (Some(plan), Some(point)) = (&self.0, point.into()) else {
            return false;
        };
        let (nth, all) = plan.count(point);
        let is_here = match plan.at {
            (Some(at), time) => at == point && time == nth,
            (None, count) => count == all,
        };
        if is_here && plan.abort {
            std::process::abort();
        }
        if is_here {
            plan.happened.send_replace(true);
        }
        is_here
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
    pub fn seen(&self) -> BTreeMap<Point, u64> {
        let seen = self.0.as_ref().map(|plan| lock(&plan.seen).clone());
        seen.unwrap_or_default()
    }
}

impl Plan {
    /// How often this point has been passed, and how often all of them.
    fn count(&self, point: Point) -> (u64, u64) {
        let mut seen = lock(&self.seen);
        *seen.entry(point).or_default() += 1;
        (seen[&point], seen.values().sum())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("counting doesn't panic")
}
