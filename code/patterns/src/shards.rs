//! A map in shards: many small locks instead of a large one.
//!
//! You want it when many threads use one map at the same time and its lock shows up in a profile.
//! Each key belongs to one shard, by its hash; two keys wait for each other only in one shard.
//!
//! Take a plain `Mutex<HashMap>` until you have measured. Take something else if a step needs
//! several keys at once: there is no moment at which all shards stand still.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

// ANCHOR: shards
/// A map whose keys are spread over sixteen locks.
#[derive(Debug)]
pub struct Shards<K, V> {
    hasher: RandomState,
    shards: [Mutex<HashMap<K, V>>; 16],
}

impl<K: Hash + Eq, V> Shards<K, V> {
    /// An empty map.
    pub fn new() -> Shards<K, V> {
        Shards {
            hasher: RandomState::new(),
            shards: Default::default(),
        }
    }

    /// Runs `step` on the shard of `key`, which is locked meanwhile, and returns its answer.
    ///
    /// `step` must not use this map: its shard would wait for itself.
    /// If it panics, what it has written stays.
    pub fn with<R>(&self, key: &K, step: impl FnOnce(&mut HashMap<K, V>) -> R) -> R {
        let shard = self.hasher.hash_one(key) as usize % self.shards.len();
        let shard = self.shards[shard].lock();
        step(&mut shard.unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of keys, counted shard by shard: while others write, a count of no one moment.
    pub fn len(&self) -> usize {
        let lens = self.shards.iter().map(|shard| {
            let shard = shard.lock();
            shard.unwrap_or_else(PoisonError::into_inner).len()
        });
        lens.sum()
    }
}
// ANCHOR_END: shards

impl<K: Hash + Eq, V> Shards<K, V> {
    /// Whether there is no key, with the caveat of [`len`](Shards::len).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Hash + Eq, V> Default for Shards<K, V> {
    fn default() -> Shards<K, V> {
        Shards::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread;

    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_holds_what_one_map_would(pairs in vec((0..50_u8, 0..9_u8), 0..200)) {
            let shards = Shards::new();
            for (key, value) in &pairs {
                shards.with(key, |shard| shard.insert(*key, *value));
            }
            let map: HashMap<_, _> = pairs.into_iter().collect();
            prop_assert_eq!(shards.len(), map.len());
            for (key, value) in map {
                prop_assert_eq!(shards.with(&key, |shard| shard.get(&key).copied()), Some(value));
            }
        }
    }

    #[test]
    fn no_count_is_lost_between_threads() {
        let hits = Shards::new();
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for hit in 0..1_000 {
                        let page = hit % 10;
                        hits.with(&page, |shard| *shard.entry(page).or_insert(0) += 1);
                    }
                });
            }
        });
        assert_eq!(hits.len(), 10);
        for page in 0..10 {
            assert_eq!(hits.with(&page, |shard| shard[&page]), 400);
        }
    }

    #[test]
    fn one_locked_shard_leaves_the_others_free() {
        let shards = Shards::<u32, ()>::new();
        shards.with(&0, |_| {
            let free = shards
                .shards
                .iter()
                .filter(|shard| shard.try_lock().is_ok());
            assert_eq!(free.count(), 15);
        });
    }

    #[test]
    fn a_panic_in_a_step_does_not_close_its_shard() {
        let shards = Shards::new();
        let step = || shards.with(&1, |_: &mut HashMap<i32, i32>| panic!("in the step"));
        assert!(catch_unwind(AssertUnwindSafe(step)).is_err());
        assert_eq!(shards.with(&1, |shard| shard.insert(1, 2)), None);
        assert!(!shards.is_empty());
    }
}
