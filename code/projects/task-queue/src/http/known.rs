//! Which tasks have a handler, as far as the workers that live have told.
//!
//! A job whose task no worker knows is not refused: its worker may start later. But its sender hears
//! of it at once, rather than from a dead letter.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::broker::Broker;
use crate::job::NewJob;
use crate::name::TaskName;

/// For so long a look at the workers is believed, so that a stream of such jobs costs no stream of looks.
const FRESH: Duration = Duration::from_secs(1);

/// What the last look found.
#[derive(Default)]
pub(super) struct KnownTasks(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    at: Option<Instant>,
    /// Of all workers.
    tasks: HashSet<TaskName>,
}

impl KnownTasks {
    /// A sentence for each task of these jobs that no worker has a handler for. None if no worker lives,
    /// or the store does not say: then nothing is known.
    pub(super) async fn warnings(&self, broker: &impl Broker, jobs: &[NewJob]) -> Vec<String> {
        let mut unknown = self.unknown(jobs);
        let fresh = self.seen().at.is_some_and(|at| at.elapsed() < FRESH);
        if !unknown.is_empty() && !fresh {
            let Ok(workers) = broker.workers().await else {
                return Vec::new();
            };
            let tasks = workers.into_iter().flat_map(|worker| worker.tasks);
            let (at, tasks) = (Some(Instant::now()), tasks.collect());
            *self.seen() = Seen { at, tasks };
            unknown = self.unknown(jobs);
        }
        if self.seen().tasks.is_empty() {
            return Vec::new();
        }
        let warn = |task| format!("no worker that lives has a handler for task {task}");
        unknown.into_iter().map(warn).collect()
    }

    fn unknown<'a>(&self, jobs: &'a [NewJob]) -> BTreeSet<&'a TaskName> {
        let seen = self.seen();
        let tasks = jobs.iter().map(|job| &job.task);
        tasks.filter(|&task| !seen.tasks.contains(task)).collect()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
