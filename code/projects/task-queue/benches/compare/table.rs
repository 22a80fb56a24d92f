//! The tables of the report.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use testbed::machine;
use testbed::report::{self, grouped, ratio, write_between};

use crate::measure::{Measured, Metric, Sizes};
use crate::systems::{JOBS, LEASE, Side, System};

/// What was compiled and started.
const VERSIONS: [(&str, &str); 5] = [
    ("Rust", "rustc"),
    ("Redis", "redis-server"),
    ("Node", "node"),
    ("Python", "python3"),
    ("Ruby", "ruby"),
];

/// A table's title, and its columns: what, heading, digits after the point.
type Columns = &'static [(Metric, &'static str, usize)];
const TABLES: [(&str, Columns); 4] = [
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

/// Every value that was measured, by the row of its system.
pub struct Cells(Vec<Vec<(Metric, Result<f64, String>)>>);

impl Cells {
    pub fn new(rows: usize) -> Self {
        Self(vec![Vec::new(); rows])
    }

    pub fn add(&mut self, row: usize, measured: Measured) {
        self.0[row].extend(measured.0);
    }

    /// The median of what was measured; the reason, if nothing could be; `None` if it has no meaning.
    fn median(&self, row: usize, metric: Metric) -> Option<Result<f64, &str>> {
        let of_metric = self.0[row].iter().filter(|(found, _)| *found == metric);
        let (values, reasons): (Vec<_>, Vec<_>) = of_metric
            .map(|(_, value)| value.as_ref())
            .partition(|value| value.is_ok());
        let values: Vec<f64> = values.into_iter().flatten().copied().collect();
        match report::median(&values) {
            Some(median) => Some(Ok(median)),
            None => {
                let reason = reasons.into_iter().find_map(Result::err)?;
                Some(Err(reason.as_str()))
            }
        }
    }
}

pub struct Table<'a> {
    pub systems: &'a [System],
    pub cells: &'a Cells,
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

    /// A value and its ratio to the best peer's, or a mark for the reason why there is none.
    fn cell(&self, row: usize, metric: Metric, digits: usize, reasons: &mut Vec<String>) -> String {
        match self.cells.median(row, metric) {
            None => String::new(),
            Some(Ok(value)) => {
                let of_best = self
                    .best(metric)
                    .filter(|best| *best > 0.0)
                    .map(|best| value / best);
                let of_best =
                    of_best.map_or(String::new(), |of_best| format!(" = {} ×", ratio(of_best)));
                format!("{}{of_best}", grouped(value, digits))
            }
            Some(Err(reason)) => {
                let reason = format!("{}: {reason}", self.systems[row].name);
                let known = reasons.iter().position(|known| *known == reason);
                let number = known.unwrap_or_else(|| {
                    reasons.push(reason);
                    reasons.len() - 1
                });
                format!("none ({})", number + 1)
            }
        }
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.circumstances(f)?;
        let mut reasons = Vec::new();
        for (title, columns) in TABLES {
            let headings: Vec<&str> = columns.iter().map(|(_, heading, _)| *heading).collect();
            writeln!(f, "\n| {title} | {} |", headings.join(" | "))?;
            writeln!(f, "| --- |{}", " ---: |".repeat(columns.len()))?;
            for (row, system) in self.systems.iter().enumerate() {
                write!(f, "| {} |", system.name)?;
                for (metric, _, digits) in columns {
                    write!(f, " {} |", self.cell(row, *metric, *digits, &mut reasons))?;
                }
                writeln!(f)?;
            }
        }
        if !reasons.is_empty() {
            writeln!(f, "\nWhy a number is missing:\n")?;
        }
        for (at, reason) in reasons.iter().enumerate() {
            writeln!(f, "{}. {reason}.", at + 1)?;
        }
        writeln!(f, "\nHow each was set:\n")?;
        for system in self.systems {
            writeln!(f, "- {}: {}.", system.name, system.settings())?;
        }
        Ok(())
    }
}

impl Table<'_> {
    /// On what machine, how often, and of how much.
    fn circumstances(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |number: usize| grouped(number as f64, 0);
        let load = self.loads.iter().sum::<f64>() / self.loads.len() as f64;
        let (machine, versions) = (machine::description(), machine::versions(&VERSIONS));
        let rounds = match self.rounds {
            1 => "one round".to_owned(),
            rounds => format!("the median of {rounds} rounds"),
        };
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
