//! The marked futures of a run: which exist, in which lane, and where each lane is parked.

use std::collections::{BTreeMap, BTreeSet};

use super::waits::is_timeout;

/// A marked future that has been polled and neither finished nor dropped.
#[derive(Debug, Clone)]
pub struct Future {
    /// Its place among those of the program.
    pub place: usize,
    /// Its type.
    pub kind: String,
    /// The lane that polled it last.
    pub lane: Option<usize>,
    /// The marked future that polled it last.
    pub within: Option<u64>,
    /// It was polled and was not ready.
    pub parked: bool,
    /// The budget of its lane was spent when it was polled last.
    pub spent: bool,
    /// When its own timer goes off, in milliseconds.
    pub until: Option<u64>,
    /// The step that tells that it began, if it is an `async fn` or block of the program.
    pub begun: Option<usize>,
    /// What polled it was dropped. It is dropped with it, unless it is polled again.
    pub muted: bool,
}

impl Future {
    /// A future at the moment of its first poll.
    pub fn new(place: usize, kind: &str, lane: Option<usize>) -> Self {
        Future {
            place,
            kind: kind.to_owned(),
            lane,
            within: None,
            parked: false,
            spent: false,
            until: None,
            begun: None,
            muted: false,
        }
    }
}

/// All of them, by the number of their mark.
#[derive(Debug, Default)]
pub struct Futures(BTreeMap<u64, Future>);

impl Futures {
    pub fn add(&mut self, mark: u64, future: Future) {
        self.0.insert(mark, future);
    }

    pub fn get(&self, mark: u64) -> Option<&Future> {
        self.0.get(&mark)
    }

    pub fn get_mut(&mut self, mark: u64) -> Option<&mut Future> {
        self.0.get_mut(&mark)
    }

    /// A future is polled, by a lane and maybe within another.
    pub fn look(&mut self, mark: u64, within: Option<u64>, lane: Option<usize>) {
        if let Some(future) = self.0.get_mut(&mark) {
            future.within = within;
            future.lane = lane;
            future.muted = false;
        }
    }

    /// Takes out a future that is finished or dropped.
    pub fn remove(&mut self, mark: u64) -> Option<Future> {
        self.0.remove(&mark)
    }

    /// What is inside of a future goes with it, as far as it belongs to it alone.
    pub fn mute_inside(&mut self, mark: u64) {
        let inner: Vec<u64> = self.inside(mark).map(|(inner, _)| *inner).collect();
        for inner in inner {
            if let Some(future) = self.0.get_mut(&inner).filter(|future| !future.muted) {
                future.muted = true;
                self.mute_inside(inner);
            }
        }
    }

    /// Whether something inside of a future still waits.
    pub fn waits_inside(&self, mark: u64) -> bool {
        self.inside(mark)
            .any(|(_, inner)| inner.parked && !inner.muted)
    }

    fn inside(&self, mark: u64) -> impl Iterator<Item = (&u64, &Future)> {
        let inner = self.0.iter();
        inner.filter(move |(_, inner)| inner.within == Some(mark))
    }

    /// The innermost futures that a lane waits for.
    pub fn leaves(&self, lane: usize) -> impl Iterator<Item = &Future> {
        let waits =
            move |future: &Future| future.lane == Some(lane) && future.parked && !future.muted;
        let parked = self.0.iter().filter(move |(_, future)| waits(future));
        parked
            .filter(|(mark, _)| !self.waits_inside(**mark))
            .map(|(_, future)| future)
    }

    /// The places of the innermost futures that a lane waits for.
    pub fn parked_at(&self, lane: usize) -> Vec<usize> {
        let places: BTreeSet<usize> = self.leaves(lane).map(|future| future.place).collect();
        places.into_iter().collect()
    }

    /// When the time of the innermost `timeout` around all that a lane waits for is up.
    pub fn limit(&self, lane: usize) -> Option<u64> {
        let mut leaves = self.leaves(lane);
        let (leaf, None) = (leaves.next()?, leaves.next()) else {
            return None;
        };
        let mut future = Some(leaf);
        while let Some(here) = future {
            if is_timeout(&here.kind) {
                return here.until;
            }
            future = here.within.and_then(|within| self.0.get(&within));
        }
        None
    }
}
