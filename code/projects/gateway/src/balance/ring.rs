//! Consistent hashing with bounded load.
//!
//! Source: Mirrokni, Thorup, Zadimoghaddam, [Consistent hashing with bounded
//! loads](https://arxiv.org/abs/1608.01350). A key goes to the next server on the ring, unless
//! that has a quarter more under way than the mean: then to the one after it.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Load, Mask};

/// Points on the ring for each unit of weight.
const POINTS: u32 = 100;

/// How much more than the mean a server may have.
const SLACK: f64 = 1.25;

/// The points of all servers, in order.
#[derive(Debug)]
pub struct Ring(Vec<(u64, usize)>);

/// A number for anything that can be a key. The same in all processes of one build.
pub fn hash(key: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

impl Ring {
    pub(super) fn new(weights: &[u32]) -> Ring {
        let points = |(server, weight): (usize, &u32)| {
            (0..weight * POINTS).map(move |point| (hash((server, point)), server))
        };
        let mut ring: Vec<_> = weights.iter().enumerate().flat_map(points).collect();
        ring.sort_unstable();
        Ring(ring)
    }

    // ANCHOR: bounded
    pub(super) fn pick(&self, may: Mask, load: &impl Load, key: u64) -> usize {
        let shares: f64 = may.servers().map(|server| load.share(server)).sum();
        let all: usize = may.servers().map(|server| load.under_way(server)).sum();
        let bound = |server| SLACK * (all + 1) as f64 * load.share(server) / shares;
        let has_room = |server| (load.under_way(server) as f64) < bound(server);

        let start = self.0.partition_point(|(point, _)| *point < key);
        let around = self.0[start..].iter().chain(&self.0[..start]);
        let mut in_order = around
            .map(|(_, server)| *server)
            .filter(|server| may.has(*server));
        let first = in_order.clone().next();
        in_order
            .find(|server| has_room(*server))
            .or(first)
            .unwrap_or(0)
    }
    // ANCHOR_END: bounded
}
