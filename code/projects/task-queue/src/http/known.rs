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
    /// Whether a worker lives that has told its tasks.
    any: bool,
}

impl KnownTasks {
    /// A sentence for each task of these jobs that no worker has a handler for. None if no worker lives,
    /// or the store does not say: then nothing is known.
    pub(super) async fn warnings(&self, broker: &impl Broker, jobs: &[NewJob]) -> Vec<String> {
        let tasks: BTreeSet<&TaskName> = jobs.iter().map(|job| &job.task).collect();
        if self.are_known(&tasks) {
            return Vec::new();
        }
        if !self.is_fresh() {
            let Ok(workers) = broker.workers().await else {
                return Vec::new();
            };
            let tasks: HashSet<_> = workers
                .into_iter()
                .flat_map(|worker| worker.tasks)
                .collect();
            let (at, any) = (Some(Instant::now()), !tasks.is_empty());
            *self.seen() = Seen { at, tasks, any };
        }
        let seen = self.seen();
        let unknown = tasks
            .into_iter()
            .filter(|&task| seen.any && !seen.tasks.contains(task));
        unknown
            .map(|task| format!("no worker that lives has a handler for task {task}"))
            .collect()
    }

    fn are_known(&self, tasks: &BTreeSet<&TaskName>) -> bool {
        let seen = self.seen();
        tasks.iter().all(|&task| seen.tasks.contains(task))
    }

    fn is_fresh(&self) -> bool {
        self.seen().at.is_some_and(|at| at.elapsed() < FRESH)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
