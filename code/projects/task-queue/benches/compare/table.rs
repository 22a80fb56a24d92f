//! The tables of the report.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use testbed::machine;
use testbed::report::{self, Cells, Columns, grouped, write_between};

use crate::measure::{Metric, Sizes};
use crate::systems::{JOBS, LEASE, Side, System};

/// What was compiled and started.
const VERSIONS: [(&str, &str); 5] = [
    ("Rust", "rustc"),
    ("Redis", "redis-server"),
    ("Node", "node"),
    ("Python", "python3"),
    ("Ruby", "ruby"),
];

const TABLES: [Columns<Metric>; 4] = [
    (
        "Jobs per second",
        &[
            (Metric::EndToEnd, "end to end", 0),
            (Metric::Single, "enqueued one a call", 0),
            (Metric::Bulk, "enqueued in bulk", 0),
            (Metric::Backlog, "backlog drained", 0),
        ],
    ),
    (
        "Latency, rest and recovery",
        &[
            (Metric::Median, "p50, ms", 2),
            (Metric::Late, "p99, ms", 2),
            (Metric::Idle, "commands a second at rest", 1),
            (Metric::Recovery, "back after kill -9, s", 1),
        ],
    ),
    (
        "Cost of a job",
        &[
            (Metric::Commands, "Redis commands", 1),
            (Metric::StoreCpu, "Redis, µs", 0),
            (Metric::WorkerCpu, "worker, µs", 0),
            (Metric::ProducerCpu, "producer, µs", 0),
        ],
    ),
    (
        "Memory, MiB",
        &[
            (Metric::WorkerAtRest, "worker at rest", 1),
            (Metric::StoreAtRest, "store at rest", 1),
            (Metric::StoreWaiting, "store with the backlog", 0),
            (Metric::WorkerPeak, "worker's peak, draining it", 0),
        ],
    ),
];

pub struct Table<'a> {
    pub systems: &'a [System],
    pub cells: &'a Cells<Metric>,
    pub sizes: &'a Sizes,
    pub rounds: usize,
    pub loads: &'a [f64],
}

impl Table<'_> {
    /// Writes it into the README beside the benchmark.
    pub fn write(&self) -> Result<()> {
        let path = Path::new("benches/README.md");
        write_between(path, "cargo xtask bench task-queue", &self.to_string())?;
        eprintln!("{} is written", path.display());
        Ok(())
    }

    /// The best that a peer reached: the most jobs a second, the least of everything else.
    fn best(&self, metric: Metric) -> Option<f64> {
        let peers = self
            .systems
            .iter()
            .enumerate()
            .filter(|(_, system)| system.side == Side::Peer);
        let values = peers.filter_map(|(row, _)| self.cells.median(row, metric)?.ok());
        match metric {
            Metric::EndToEnd | Metric::Single | Metric::Bulk | Metric::Backlog => {
                values.reduce(f64::max)
            }
            _ => values.reduce(f64::min),
        }
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.circumstances(f)?;
        let systems = self.systems.iter();
        let systems: Vec<_> = systems
            .map(|system| (system.name.as_str(), system.settings()))
            .collect();
        self.cells
            .write(f, &TABLES, &systems, |metric| self.best(metric))
    }
}

impl Table<'_> {
    /// On what machine, how often, and of how much.
    fn circumstances(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |number: usize| grouped(number as f64, 0);
        let load = self.loads.iter().sum::<f64>() / self.loads.len() as f64;
        let (machine, versions) = (machine::description(), machine::versions(&VERSIONS));
        let rounds = report::rounds(self.rounds);
        writeln!(f, "{machine}, {versions}, mean load {load:.1}, {rounds}.")?;
        let Sizes {
            jobs,
            singles,
            paced,
            rate,
            backlog,
            ..
        } = *self.sizes;
        writeln!(
            f,
            "{} jobs end to end and in bulk, {} one a call, {} at {rate} a second, a backlog of {}; \
             {JOBS} at once, lease {LEASE} s.",
            count(jobs),
            count(singles),
            count(paced),
            count(backlog),
        )
    }
}
