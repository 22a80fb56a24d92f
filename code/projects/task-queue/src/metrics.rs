//! Numbers for Prometheus.
//!
//! Those of the process (latencies, failures, slots) are counted as things happen. Those of the store
//! (depths, ages) are the same for all processes: [`Metrics::observe`] takes them over when someone asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// So many labels, each with its name.
type Labels<const N: usize> = [(&'static str, String); N];

/// All numbers of a process; handles are cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    numbers: Arc<Numbers>,
}

struct Numbers {
    ready: Family<Labels<2>, Gauge>,
    jobs: Family<Labels<2>, Gauge>,
    head_wait: Family<Labels<1>, Gauge<f64, AtomicU64>>,
    paused: Family<Labels<1>, Gauge>,
    moves: Family<Labels<2>, Counter>,
    workers: Gauge,
    slots: Gauge,
    running: Gauge,
    leases_lost: Counter,
    abandoned: Counter,
    store_errors: Family<Labels<1>, Counter>,
    wait: Histograms<Labels<1>>,
    run: Histograms<Labels<1>>,
    retries: Family<Labels<1>, Counter>,
    panics: Family<Labels<1>, Counter>,
    timeouts: Family<Labels<1>, Counter>,
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
        let all = &mut registry;
        let numbers = Numbers {
            ready: add(all, "ready_jobs", "Jobs in line, by priority"),
            jobs: add(all, "jobs", "Jobs that are not in line, by state"),
            head_wait: add(
                all,
                "head_wait_seconds",
                "How long the first job in line has waited",
            ),
            paused: add(all, "paused", "Whether the queue is paused"),
            moves: add(all, "job_moves", "Jobs that ever went this way"),
            workers: add(all, "workers", "Worker processes that live"),
            slots: add(all, "slots", "Jobs that may run at once"),
            running: add(all, "running_jobs", "Jobs that run"),
            leases_lost: add(all, "leases_lost", "Leases lost before the job ended"),
            abandoned: add(
                all,
                "abandoned_handlers",
                "Handlers that did not stop when they were asked to and could not be stopped",
            ),
            store_errors: add(all, "store_errors", "Calls to the store that failed"),
            wait: add_histograms(
                all,
                "wait_seconds",
                "From ready (for a job without delay: enqueued) to claimed",
            ),
            run: add_histograms(all, "run_seconds", "How long handlers ran"),
            retries: add(all, "retries", "Attempts that will be followed by another"),
            panics: add(all, "panics", "Handlers that panicked"),
            timeouts: add(all, "timeouts", "Handlers that ran for too long"),
        };
        Self {
            registry: Arc::new(registry),
            numbers: Arc::new(numbers),
        }
    }

    /// Takes over the numbers of the store.
    pub fn observe(&self, stats: &Stats, workers: &[WorkerReport]) {
        for queue in &stats.queues {
            self.observe_queue(queue);
        }
        self.numbers.workers.set(signed(workers.len() as u64));
    }

    fn observe_queue(&self, stats: &QueueStats) {
        let numbers = &self.numbers;
        let queue = ("queue", stats.queue.to_string());
        let by = |name, value: &str| [queue.clone(), (name, value.to_owned())];
        for (priority, &ready) in stats.ready.iter().enumerate() {
            let labels = by("priority", &priority.to_string());
            let gauge = numbers.ready.get_or_create_owned(&labels);
            gauge.set(signed(ready));
        }
        for (state, jobs) in [
            ("delayed", stats.delayed),
            ("blocked", stats.blocked),
            ("running", stats.running),
            ("dead", stats.dead),
        ] {
            let gauge = numbers.jobs.get_or_create_owned(&by("state", state));
            gauge.set(signed(jobs));
        }
        let moved = serde_json::to_value(stats.counters).unwrap_or_default();
        for (to, jobs) in moved.as_object().into_iter().flatten() {
            let counter = numbers.moves.get_or_create_owned(&by("to", to));
            let jobs = jobs.as_u64().unwrap_or_default();
            // The store counts; this is a copy, and two that ask at once copy in any order.
            counter.inner().fetch_max(jobs, Ordering::Relaxed);
        }
        let wait = stats.head_wait.unwrap_or_default().as_secs_f64();
        let queue = [queue];
        numbers.head_wait.get_or_create_owned(&queue).set(wait);
        let paused = numbers.paused.get_or_create_owned(&queue);
        paused.set(stats.paused.into());
    }

    /// What `/metrics` shows.
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    pub(crate) fn task(&self, task: Option<&TaskName>) -> TaskMetrics {
        let task = task.map_or(NO_HANDLER, TaskName::as_str).to_owned();
        let labels = [("task", task)];
        TaskMetrics {
            run: self.numbers.run.get_or_create_owned(&labels),
            retries: self.numbers.retries.get_or_create_owned(&labels),
            panics: self.numbers.panics.get_or_create_owned(&labels),
            timeouts: self.numbers.timeouts.get_or_create_owned(&labels),
        }
    }

    /// From ready to claimed, in one queue.
    pub(crate) fn wait(&self, queue: &QueueName) -> Histogram {
        let labels = [("queue", queue.to_string())];
        self.numbers.wait.get_or_create_owned(&labels)
    }

    pub(crate) fn store_errors(&self, call: &str) -> Counter {
        let labels = [("call", call.to_owned())];
        self.numbers.store_errors.get_or_create_owned(&labels)
    }

    pub(crate) fn leases_lost(&self) -> &Counter {
        &self.numbers.leases_lost
    }

    pub(crate) fn abandoned(&self) -> &Counter {
        &self.numbers.abandoned
    }

    pub(crate) fn set_slots(&self, slots: u32) {
        self.numbers.slots.set(slots.into());
    }

    pub(crate) fn set_running(&self, running: u32) {
        self.numbers.running.set(running.into());
    }
}

fn signed(number: u64) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
