//! The tables of the report.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use testbed::machine;
use testbed::report::{self, Cells, Columns, grouped, write_between};

use crate::systems::System;
use crate::trials::{AWAY, BYTES, LONG, MEMBERS, Metric, READERS, Sizes};

/// The system whose numbers the ratios are to.
const PEER: &str = "socket.io";

const TABLES: [Columns<Metric>; 4] = [
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
    pub cells: &'a Cells<Metric>,
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

    /// What the peer has reached.
    fn of_peer(&self, metric: Metric) -> Option<f64> {
        let is_peer = |system: &System| system.name.starts_with(PEER);
        let peer = self.systems.iter().position(is_peer)?;
        self.cells.median(peer, metric)?.ok()
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |number: usize| grouped(number as f64, 0);
        let load = self.loads.iter().sum::<f64>() / self.loads.len() as f64;
        let rounds = report::rounds(self.rounds);
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
        let systems = self.systems.iter();
        let systems: Vec<_> = systems
            .map(|system| (system.name, system.settings.to_string()))
            .collect();
        self.cells
            .write(f, &TABLES, &systems, |metric| self.of_peer(metric))
    }
}
