//! Who gets the next request: five ways to choose among the servers that may be asked.
//!
//! The servers are numbers, and those that may be asked are bits of a [`Mask`]: so a choice
//! allocates nothing, and a retry takes a bit away.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::config::Balance as How;

/// Points on the ring for each unit of weight.
const POINTS: u32 = 100;

/// How much more than the mean a server may have, before its keys go to the next one.
const SLACK: f64 = 1.25;

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
        self.servers().nth(n).unwrap_or(0)
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
pub struct Balance {
    how: How,
    /// For those that take turns.
    turn: AtomicU64,
    /// For the smooth weighted turns of nginx. Sections are short, and never cross an await.
    credits: Mutex<Vec<f64>>,
    ring: Ring,
}

impl Balance {
    /// Servers with these weights.
    pub fn new(how: How, weights: &[u32]) -> Balance {
        let is_ring = matches!(how, How::HashClient | How::HashPath);
        Balance {
            how,
            turn: AtomicU64::new(0),
            credits: Mutex::new(vec![0.0; weights.len()]),
            ring: Ring::new(if is_ring { weights } else { &[] }),
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
        let turn = || self.turn.fetch_add(1, Relaxed) as usize % may.len();
        match self.how {
            How::RoundRobin => may.nth(turn()),
            How::Weighted => {
                let mut credits = self.credits.lock().unwrap_or_else(PoisonError::into_inner);
                let total: f64 = may.servers().map(|server| load.share(server)).sum();
                for server in may.servers() {
                    credits[server] += load.share(server);
                }
                let richer = |best, other| match credits[other] > credits[best] {
                    true => other,
                    false => best,
                };
                let picked = may.servers().fold(may.nth(0), richer);
                credits[picked] -= total;
                picked
            }
            How::Least => {
                let turn = turn();
                let busy = |server| (load.under_way(server) + 1) as f64 / load.share(server);
                let in_turn = (0..may.len()).map(|place| may.nth((turn + place) % may.len()));
                let best = in_turn.min_by(|a, b| busy(*a).total_cmp(&busy(*b)));
                best.unwrap_or(0)
            }
            How::Ewma => {
                let one = may.nth(dice(may.len()));
                let rest = may.without(one);
                if rest.is_empty() {
                    return one;
                }
                let other = rest.nth(dice(rest.len()));
                let cost = |server| load.delay(server) / load.share(server);
                if cost(other) < cost(one) { other } else { one }
            }
            How::HashClient | How::HashPath => self.ring.pick(may, load, key),
        }
    }
    // ANCHOR_END: pick
}

/// Consistent hashing with bounded load: the points of all servers, in order. A key goes to the next
/// server on the ring, unless that has too much under way: then to the one after it.
///
/// Source: Mirrokni, Thorup, Zadimoghaddam, [Consistent hashing with bounded
/// loads](https://arxiv.org/abs/1608.01350).
#[derive(Debug)]
struct Ring(Vec<(u64, usize)>);

/// A number for anything that can be a key. The same in all processes of one build.
pub fn hash(key: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

impl Ring {
    fn new(weights: &[u32]) -> Ring {
        let points = |(server, weight): (usize, &u32)| {
            (0..weight * POINTS).map(move |point| (hash((server, point)), server))
        };
        let mut ring: Vec<_> = weights.iter().enumerate().flat_map(points).collect();
        ring.sort_unstable();
        Ring(ring)
    }

    fn pick(&self, may: Mask, load: &impl Load, key: u64) -> usize {
        let shares: f64 = may.servers().map(|server| load.share(server)).sum();
        let all: usize = may.servers().map(|server| load.under_way(server)).sum();
        let bound = |server| SLACK * (all + 1) as f64 * load.share(server) / shares;
        let has_room = |server| (load.under_way(server) as f64) < bound(server);

        let start = self.0.partition_point(|(point, _)| *point < key);
        let around = self.0[start..].iter().chain(&self.0[..start]);
        let mut in_order = around.map(|(_, server)| *server).filter(|it| may.has(*it));
        let first = in_order.clone().next();
        let free = in_order.find(|server| has_room(*server));
        free.or(first).unwrap_or(0)
    }
}
