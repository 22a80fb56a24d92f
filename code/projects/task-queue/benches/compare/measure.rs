//! What is measured, of how much, and by which function.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use testbed::install::peers;
use testbed::peer::Peer;

use crate::program::Role;
use crate::store::{Kind, Store};
use crate::systems::{JOBS, LEASE, System};
use crate::trials;

/// What is measured, in the order of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    EndToEnd,
    Single,
    Bulk,
    Backlog,
    Median,
    Late,
    Idle,
    Recovery,
    Commands,
    StoreCpu,
    WorkerCpu,
    ProducerCpu,
    WorkerAtRest,
    StoreAtRest,
    StoreWaiting,
    WorkerPeak,
}

/// How much of everything.
pub struct Sizes {
    pub jobs: usize,
    pub singles: usize,
    pub paced: usize,
    pub rate: usize,
    pub backlog: usize,
    pub idle: Duration,
    /// How long a system may take for one measurement.
    pub limit: Duration,
}

impl Sizes {
    pub const FULL: Self = Self {
        jobs: 50_000,
        singles: 20_000,
        paced: 5_000,
        rate: 500,
        backlog: 100_000,
        idle: Duration::from_secs(10),
        limit: Duration::from_secs(120),
    };
    pub const QUICK: Self = Self {
        jobs: 5_000,
        singles: 2_000,
        paced: 1_000,
        backlog: 10_000,
        idle: Duration::from_secs(3),
        ..Self::FULL
    };
}

pub struct Measurement {
    pub name: &'static str,
    metrics: &'static [Metric],
    run: fn(&mut Bench) -> Result<()>,
    /// One crash says as much as three, and takes the longest.
    pub once: bool,
}

pub const ALL: [Measurement; 5] = [
    Measurement {
        name: "enqueue",
        metrics: &[Metric::Single, Metric::Bulk],
        run: trials::enqueue,
        once: false,
    },
    Measurement {
        name: "end to end",
        metrics: &[
            Metric::WorkerAtRest,
            Metric::StoreAtRest,
            Metric::Idle,
            Metric::EndToEnd,
            Metric::Commands,
            Metric::StoreCpu,
            Metric::WorkerCpu,
            Metric::ProducerCpu,
        ],
        run: trials::end_to_end,
        once: false,
    },
    Measurement {
        name: "latency",
        metrics: &[Metric::Median, Metric::Late],
        run: trials::latency,
        once: false,
    },
    Measurement {
        name: "backlog",
        metrics: &[Metric::StoreWaiting, Metric::Backlog, Metric::WorkerPeak],
        run: trials::backlog,
        once: false,
    },
    Measurement {
        name: "recovery",
        metrics: &[Metric::Recovery],
        run: trials::recovery,
        once: true,
    },
];

/// What a measurement found, or why it found nothing.
pub struct Measured(pub Vec<(Metric, Result<f64, String>)>);

impl Measurement {
    pub fn measure(&self, system: &System, sizes: &Sizes, folder: &Path) -> Measured {
        let found = match &system.program {
            Err(reason) => (Vec::new(), Err(reason.clone())),
            Ok(program) => {
                let noted = Vec::new();
                let mut bench = Bench {
                    system,
                    program,
                    sizes,
                    folder,
                    noted,
                };
                let outcome = (self.run)(&mut bench).map_err(|error| format!("{error:#}"));
                (bench.noted, outcome)
            }
        };
        let (noted, outcome) = found;
        let value = |metric: &Metric| {
            let noted = noted.iter().find(|(noted, _)| noted == metric);
            let reason = outcome.clone().err().unwrap_or_default();
            (*metric, noted.map(|(_, value)| *value).ok_or(reason))
        };
        // What it could not note although nothing failed has no meaning for this system.
        let all = self.metrics.iter().map(value);
        Measured(
            all.filter(|(_, value)| !matches!(value, Err(reason) if reason.is_empty()))
                .collect(),
        )
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (metric, value) in &self.0 {
            match value {
                Ok(value) => write!(f, " {metric:?} {value:.2}")?,
                Err(reason) => write!(f, " {metric:?} - ({reason})")?,
            }
        }
        Ok(())
    }
}

/// One system under one measurement.
pub struct Bench<'a> {
    pub system: &'a System,
    program: &'a [String],
    pub sizes: &'a Sizes,
    folder: &'a Path,
    noted: Vec<(Metric, f64)>,
}

impl Bench<'_> {
    pub fn note(&mut self, metric: Metric, value: f64) {
        self.noted.push((metric, value));
    }

    pub fn share(&self, jobs: usize) -> usize {
        jobs / self.system.share
    }

    pub fn store(&self) -> Result<Store> {
        Store::start(self.system.store, self.folder)
    }

    pub fn start(&self, store: &Store, role: Role, more: &[(&str, usize)]) -> Result<Peer> {
        let role = format!("{role:?}").to_lowercase();
        let mut command = Command::new(&self.program[0]);
        command
            .args(&self.program[1..])
            .arg(&role)
            .env("STORE", store.url())
            .env("PORT", store.port().to_string())
            .env("JOBS", JOBS.to_string())
            .env("LEASE", LEASE.to_string())
            .env("RUST_BACKTRACE", "0")
            .env("PYTHONPATH", peers().join("python"))
            .envs(more.iter().map(|(name, value)| (name, value.to_string())));
        let mut log: String = self
            .system
            .name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        // The worker that crashes and the one that takes over write at the same time.
        log += &format!("-{role}");
        for (name, _) in more {
            log += &format!("-{}", name.to_lowercase());
        }
        Peer::start(command, &self.folder.join(log + ".log"))
    }

    /// A worker that waits for so many jobs, and a producer: one process, if the store belongs to one.
    pub fn pair(&self, store: &Store, expected: usize) -> Result<(Peer, Option<Peer>)> {
        let expect = [("EXPECT", expected)];
        if matches!(self.system.store, Kind::File(_)) {
            return Ok((self.start(store, Role::Both, &expect)?, None));
        }
        let worker = self.start(store, Role::Worker, &expect)?;
        Ok((worker, Some(self.start(store, Role::Producer, &[])?)))
    }
}
