//! Wrong: deals the jobs out in turn: even, and without any order within a key.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The worker of a key, of so many.
fn worker_of(key: &str, workers: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    (hasher.finish() % workers as u64) as usize
}

/// The queues of all workers, filled with the jobs in order.
fn deal<'a>(jobs: &[(&'a str, u32)], workers: usize) -> Vec<Vec<(&'a str, u32)>> {
    let mut queues: Vec<Vec<(&str, u32)>> = vec![Vec::new(); workers];
    for (number, &(key, job)) in jobs.iter().enumerate() {
        queues[number % workers].push((key, job));
    }
    queues
}

fn main() {}
