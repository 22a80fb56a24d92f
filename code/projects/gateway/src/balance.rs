//! Who gets the next request: five ways to choose among the servers that may be asked.
//!
//! The servers are numbers, and those that may be asked are bits of a [`Mask`]: so a choice
//! allocates nothing, and a retry takes a bit away.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::config;
use ring::Ring;
pub use ring::hash;

mod ring;

/// The servers that may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask(pub u64);

impl Mask {
    /// The first so many.
    pub fn first(count: usize) -> Mask {
        Mask(u64::MAX >> (64 - count.clamp(1, 64)))
    }

    /// How many they are.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this one is among them.
    pub fn has(self, server: usize) -> bool {
        self.0 >> server & 1 == 1
    }

    /// All but this one.
    pub fn without(self, server: usize) -> Mask {
        Mask(self.0 & !(1 << server))
    }

    /// The n-th of them, from 0.
    fn nth(self, n: usize) -> usize {
        (0..64)
            .filter(|server| self.has(*server))
            .nth(n)
            .unwrap_or(0)
    }

    /// Their numbers.
    pub fn servers(self) -> impl Iterator<Item = usize> {
        (0..64).filter(move |server| self.has(*server))
    }
}

/// What a choice may depend on.
pub trait Load {
    /// Requests under way.
    fn under_way(&self, server: usize) -> usize;
    /// Expected delay, as a number to compare: the peak of late, times what's under way.
    fn delay(&self, server: usize) -> f64;
    /// The share it shall have, above 0: its weight, and less while it starts.
    fn share(&self, server: usize) -> f64;
}

/// A way to choose, with what it has to remember.
#[derive(Debug)]
pub enum Balance {
    /// One after the other.
    RoundRobin(AtomicU64),
    /// The smooth weighted turns of nginx. Sections are short, and never cross an await.
    Weighted(Mutex<Vec<f64>>),
    /// The one with the fewest under way, for its share.
    Least(AtomicU64),
    /// The better one of two.
    Ewma,
    /// By a key, on a ring.
    Hash(Ring),
}

impl Balance {
    /// Servers with these weights.
    pub fn new(how: config::Balance, weights: &[u32]) -> Balance {
        match how {
            config::Balance::RoundRobin => Balance::RoundRobin(AtomicU64::new(0)),
            config::Balance::Weighted => Balance::Weighted(Mutex::new(vec![0.0; weights.len()])),
            config::Balance::Least => Balance::Least(AtomicU64::new(0)),
            config::Balance::Ewma => Balance::Ewma,
            config::Balance::HashClient | config::Balance::HashPath => {
                Balance::Hash(Ring::new(weights))
            }
        }
    }

    // ANCHOR: pick
    /// Chooses one of those that may be asked, of which there's at least one. `key` is for the
    /// ring; `dice` gives numbers from 0 up to, but without, the one it's given.
    pub fn pick(
        &self,
        may: Mask,
        load: &impl Load,
        key: u64,
        dice: impl Fn(usize) -> usize,
    ) -> usize {
        match self {
            Balance::RoundRobin(turn) => may.nth(turn.fetch_add(1, Relaxed) as usize % may.len()),
            Balance::Weighted(credits) => {
                let mut credits = credits.lock().unwrap_or_else(PoisonError::into_inner);
                let total: f64 = may.servers().map(|server| load.share(server)).sum();
                for server in may.servers() {
                    credits[server] += load.share(server);
                }
                let first = may.nth(0);
                let richer = |best, other| {
                    if credits[other] > credits[best] {
                        other
                    } else {
                        best
                    }
                };
                let picked = may.servers().fold(first, richer);
                credits[picked] -= total;
                picked
            }
            Balance::Least(turn) => {
                let turn = turn.fetch_add(1, Relaxed) as usize % may.len();
                let busy =
                    |server: &usize| (load.under_way(*server) + 1) as f64 / load.share(*server);
                let in_turn = (0..may.len()).map(|place| may.nth((turn + place) % may.len()));
                in_turn
                    .min_by(|a, b| busy(a).total_cmp(&busy(b)))
                    .unwrap_or(0)
            }
            Balance::Ewma => {
                let one = may.nth(dice(may.len()));
                let rest = may.without(one);
                if rest.is_empty() {
                    return one;
                }
                let other = rest.nth(dice(rest.len()));
                let cost = |server| load.delay(server) / load.share(server);
                if cost(other) < cost(one) { other } else { one }
            }
            Balance::Hash(ring) => ring.pick(may, load, key),
        }
    }
    // ANCHOR_END: pick
}
