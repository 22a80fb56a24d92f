//! Wrong: takes every job that is met twice for a cycle, and so refuses what two jobs wait for.

use std::collections::{HashMap, HashSet};

struct Job {
    id: u32,
    /// What it waits for: jobs of the same batch, or others, which are stored already and
    /// know nothing of this batch.
    after: Vec<u32>,
}

/// The jobs of a cycle: each waits for the next, and the last for the first.
#[derive(Debug, PartialEq, Eq)]
struct Cycle(Vec<u32>);

/// Whether all jobs of the batch can become ready, one after the other.
fn check(batch: &[Job]) -> Result<(), Cycle> {
    let jobs: HashMap<u32, &Job> = batch.iter().map(|job| (job.id, job)).collect();
    let mut met = HashSet::new();
    for job in batch {
        if met.contains(&job.id) {
            continue;
        }
        let mut path = Vec::new();
        let mut open = vec![job.id];
        while let Some(id) = open.pop() {
            if !met.insert(id) {
                return Err(Cycle(path));
            }
            path.push(id);
            if let Some(job) = jobs.get(&id) {
                open.extend(&job.after);
            }
        }
    }
    Ok(())
}

fn main() {}
