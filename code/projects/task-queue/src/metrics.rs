//! Numbers for Prometheus.
//!
//! Those of the process (latencies, failures, slots) are counted as things happen. Those of the store
//! (depths, ages) are the same for all processes: [`Metrics::observe`] takes them over when someone asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use service::metrics::{Histograms, Registry, add, add_histograms};

use crate::broker::{QueueStats, Stats, WorkerReport};
use crate::name::{QueueName, TaskName};

/// Stands for all tasks without a handler: no task can be called that, and senders cannot make
/// the number of series grow with names of their own.
const NO_HANDLER: &str = "(no handler)";

type Seconds = Gauge<f64, AtomicU64>;

/// All numbers of a process; handles are cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Families>);

struct Families {
    registry: Arc<Registry>,
    store: Store,
    process: Process,
}

/// What `observe` takes over from the store.
struct Store {
    ready: Family<ByPriority, Gauge>,
    jobs: Family<ByState, Gauge>,
    head_wait: Family<ByQueue, Seconds>,
    paused: Family<ByQueue, Gauge>,
    moves: Family<ByMove, Counter>,
    workers: Gauge,
}

/// What this process counts.
struct Process {
    slots: Gauge,
    running: Gauge,
    leases_lost: Counter,
    abandoned: Counter,
    store_errors: Family<ByCall, Counter>,
    wait: Histograms<ByQueue>,
    run: Histograms<ByTask>,
    retries: Family<ByTask, Counter>,
    panics: Family<ByTask, Counter>,
    timeouts: Family<ByTask, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByQueue {
    queue: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByPriority {
    queue: String,
    priority: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByState {
    queue: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByMove {
    queue: String,
    to: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByTask {
    task: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByCall {
    call: &'static str,
}

/// The numbers of one task, looked up once.
pub(crate) struct TaskMetrics {
    pub(crate) run: Histogram,
    pub(crate) retries: Counter,
    pub(crate) panics: Counter,
    pub(crate) timeouts: Counter,
}

impl Metrics {
    /// All zero.
    #[expect(clippy::new_without_default, reason = "it is not a plain value")]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("taskq");
        let store = Store::registered(&mut registry);
        let process = Process::registered(&mut registry);
        Self(Arc::new(Families {
            registry: Arc::new(registry),
            store,
            process,
        }))
    }

    /// Takes over the numbers of the store.
    pub fn observe(&self, stats: &Stats, workers: &[WorkerReport]) {
        let store = &self.0.store;
        stats.queues.iter().for_each(|queue| store.observe(queue));
        store
            .workers
            .set(workers.len().try_into().unwrap_or(i64::MAX));
    }

    /// What `/metrics` shows.
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.0.registry)
    }

    pub(crate) fn task(&self, task: Option<&TaskName>) -> TaskMetrics {
        let process = &self.0.process;
        let task = ByTask {
            task: task.map_or(NO_HANDLER, TaskName::as_str).to_owned(),
        };
        TaskMetrics {
            run: process.run.get_or_create_owned(&task),
            retries: process.retries.get_or_create_owned(&task),
            panics: process.panics.get_or_create_owned(&task),
            timeouts: process.timeouts.get_or_create_owned(&task),
        }
    }

    /// From ready to claimed, in one queue.
    pub(crate) fn wait(&self, queue: &QueueName) -> Histogram {
        self.0.process.wait.get_or_create_owned(&by(queue))
    }

    pub(crate) fn store_errors(&self, call: &'static str) -> Counter {
        let errors = &self.0.process.store_errors;
        errors.get_or_create_owned(&ByCall { call })
    }

    pub(crate) fn leases_lost(&self) -> &Counter {
        &self.0.process.leases_lost
    }

    pub(crate) fn abandoned(&self) -> &Counter {
        &self.0.process.abandoned
    }

    pub(crate) fn set_slots(&self, slots: u32) {
        self.0.process.slots.set(slots.into());
    }

    pub(crate) fn set_running(&self, running: u32) {
        self.0.process.running.set(running.into());
    }
}

impl Store {
    fn registered(registry: &mut Registry) -> Self {
        Self {
            ready: add(registry, "ready_jobs", "Jobs in line, by priority"),
            jobs: add(registry, "jobs", "Jobs that are not in line, by state"),
            head_wait: add(
                registry,
                "head_wait_seconds",
                "How long the first job in line has waited",
            ),
            paused: add(registry, "paused", "Whether the queue is paused"),
            moves: add(registry, "job_moves", "Jobs that ever went this way"),
            workers: add(registry, "workers", "Worker processes that live"),
        }
    }

    fn observe(&self, stats: &QueueStats) {
        let queue = || stats.queue.to_string();
        for (priority, &ready) in (0..).zip(&stats.ready) {
            let queue = queue();
            let gauge = self
                .ready
                .get_or_create_owned(&ByPriority { queue, priority });
            gauge.set(signed(ready));
        }
        for (state, jobs) in [
            ("delayed", stats.delayed),
            ("blocked", stats.blocked),
            ("running", stats.running),
            ("dead", stats.dead),
        ] {
            let queue = queue();
            let gauge = self.jobs.get_or_create_owned(&ByState { queue, state });
            gauge.set(signed(jobs));
        }
        let wait = stats.head_wait.unwrap_or_default().as_secs_f64();
        let by_queue = by(&stats.queue);
        self.head_wait.get_or_create_owned(&by_queue).set(wait);
        self.paused
            .get_or_create_owned(&by_queue)
            .set(stats.paused.into());
        self.observe_moves(stats);
    }

    fn observe_moves(&self, stats: &QueueStats) {
        let moved = &stats.counters;
        for (to, jobs) in [
            ("enqueued", moved.enqueued),
            ("completed", moved.completed),
            ("retried", moved.retried),
            ("died", moved.died),
            ("expired", moved.expired),
            ("poisoned", moved.poisoned),
            ("recovered", moved.recovered),
            ("released", moved.released),
            ("canceled", moved.canceled),
            ("requeued", moved.requeued),
        ] {
            let queue = stats.queue.to_string();
            let counter = self.moves.get_or_create_owned(&ByMove { queue, to });
            // The store counts; this is a copy, and two that ask at once copy in any order.
            counter.inner().fetch_max(jobs, Ordering::Relaxed);
        }
    }
}

impl Process {
    fn registered(registry: &mut Registry) -> Self {
        Self {
            slots: add(registry, "slots", "Jobs that may run at once"),
            running: add(registry, "running_jobs", "Jobs that run"),
            leases_lost: add(registry, "leases_lost", "Leases lost before the job ended"),
            abandoned: add(
                registry,
                "abandoned_handlers",
                "Handlers that did not stop when they were asked to and could not be stopped",
            ),
            store_errors: add(registry, "store_errors", "Calls to the store that failed"),
            wait: add_histograms(
                registry,
                "wait_seconds",
                "From ready (for a job without delay: enqueued) to claimed",
            ),
            run: add_histograms(registry, "run_seconds", "How long handlers ran"),
            retries: add(
                registry,
                "retries",
                "Attempts that will be followed by another",
            ),
            panics: add(registry, "panics", "Handlers that panicked"),
            timeouts: add(registry, "timeouts", "Handlers that ran for too long"),
        }
    }
}

fn by(queue: &QueueName) -> ByQueue {
    ByQueue {
        queue: queue.to_string(),
    }
}

fn signed(number: u64) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
