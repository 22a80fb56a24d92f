//! The tables of the report.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use testbed::machine;
use testbed::report::{self, grouped, ratio, write_between};

use crate::systems::System;
use crate::trials::{AWAY, BYTES, LONG, MEMBERS, Metric, Noted, READERS, Sizes};

/// The system whose numbers the ratios are to.
const PEER: &str = "socket.io";

type Columns = &'static [(Metric, &'static str, usize)];
const TABLES: [(&str, Columns); 4] = [
    (
        "At saturation",
        &[
            (Metric::OneFull, "deliveries a second, one room", 0),
            (Metric::OneFullCpu, "CPU µs each", 1),
            (Metric::ManyFull, "deliveries a second, many rooms", 0),
            (Metric::ManyFullCpu, "CPU µs each", 1),
        ],
    ),
    (
        "At a rate that all can carry",
        &[
            (Metric::OneMedian, "one room, p50 ms", 1),
            (Metric::OneLate, "p99 ms", 1),
            (Metric::ManyMedian, "many rooms, p50 ms", 1),
            (Metric::ManyLate, "p99 ms", 1),
        ],
    ),
    (
        "Trouble",
        &[
            (Metric::Alone, "p99 ms of readers alone", 1),
            (Metric::Beside, "beside some that never read", 1),
            (Metric::Grown, "memory for those, MiB", 1),
            (Metric::Back, "storm, ms until all are back", 0),
            (Metric::Missed, "lines missed in it", 0),
        ],
    ),
    (
        "Memory",
        &[
            (Metric::AtRest, "without a client, MiB", 1),
            (Metric::Connection, "a connection, KiB", 1),
        ],
    ),
];

pub struct Table<'a> {
    pub systems: &'a [System],
    pub cells: &'a [Vec<Noted>],
    pub sizes: &'a Sizes,
    pub rounds: usize,
    pub loads: &'a [f64],
}

impl Table<'_> {
    /// Writes it into a README.
    pub fn write(&self, readme: &Path) -> Result<()> {
        write_between(readme, "cargo xtask bench chat", &self.to_string())?;
        eprintln!("{} is written", readme.display());
        Ok(())
    }

    /// The median of what was measured, or the reason why nothing could be.
    fn median(&self, row: usize, metric: Metric) -> Option<Result<f64, &str>> {
        let of_metric = self.cells[row].iter().filter(|(found, _)| *found == metric);
        let (values, reasons): (Vec<_>, Vec<_>) = of_metric
            .map(|(_, value)| value.as_ref())
            .partition(|value| value.is_ok());
        let values: Vec<f64> = values.into_iter().flatten().copied().collect();
        match report::median(&values) {
            Some(median) => Some(Ok(median)),
            None => Some(Err(reasons.into_iter().find_map(Result::err)?)),
        }
    }

    fn cell(&self, row: usize, metric: Metric, digits: usize, reasons: &mut Vec<String>) -> String {
        match self.median(row, metric) {
            None => String::new(),
            Some(Ok(value)) => {
                let peer = self
                    .systems
                    .iter()
                    .position(|system| system.name.starts_with(PEER));
                let of_peer = peer.and_then(|peer| self.median(peer, metric)?.ok());
                let of_peer = of_peer.filter(|of_peer| *of_peer > 0.0);
                let times = of_peer.map(|of_peer| format!(" = {} ×", ratio(value / of_peer)));
                format!("{}{}", grouped(value, digits), times.unwrap_or_default())
            }
            Some(Err(reason)) => {
                reasons.push(format!("{}: {reason}", self.systems[row].name));
                format!("none ({})", reasons.len())
            }
        }
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |number: usize| grouped(number as f64, 0);
        let load = self.loads.iter().sum::<f64>() / self.loads.len() as f64;
        let rounds = match self.rounds {
            1 => "one round".to_owned(),
            rounds => format!("the median of {rounds} rounds"),
        };
        let versions = machine::versions(&[("Rust", "rustc"), ("Node", "node")]);
        writeln!(
            f,
            "{}, {versions}, mean load {load:.1}, {rounds}.",
            machine::description()
        )?;
        let Sizes {
            period,
            one,
            many,
            rate,
            idle,
            storm,
        } = *self.sizes;
        let (readers, asleep) = READERS;
        writeln!(
            f,
            "One room is 1 × {one} clients, many are {many} × {MEMBERS}; lines of {BYTES} bytes, {} s each; \
             {} deliveries a second where the rate is the same for all.\n\
             {readers} clients beside {asleep} that never read, lines of {} bytes; a storm of {} clients, \
             for each of whom {AWAY} lines were said meanwhile; {} connections at rest.",
            period.as_secs(),
            count(rate),
            count(LONG),
            count(storm),
            count(idle),
        )?;
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
            writeln!(f, "- {}: {}.", system.name, system.settings)?;
        }
        Ok(())
    }
}
