//! The measurements.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::machine;
use crate::program::{Program, Role};
use crate::store::{Kind, Store};
use crate::systems::{JOBS, LEASE, System};

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
    idle: Duration,
    /// How long a system may take for one measurement.
    limit: Duration,
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
        run: enqueue,
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
        run: end_to_end,
        once: false,
    },
    Measurement {
        name: "latency",
        metrics: &[Metric::Median, Metric::Late],
        run: latency,
        once: false,
    },
    Measurement {
        name: "backlog",
        metrics: &[Metric::StoreWaiting, Metric::Backlog, Metric::WorkerPeak],
        run: backlog,
        once: false,
    },
    Measurement {
        name: "recovery",
        metrics: &[Metric::Recovery],
        run: recovery,
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
struct Bench<'a> {
    system: &'a System,
    program: &'a [String],
    sizes: &'a Sizes,
    folder: &'a Path,
    noted: Vec<(Metric, f64)>,
}

impl Bench<'_> {
    fn note(&mut self, metric: Metric, value: f64) {
        self.noted.push((metric, value));
    }

    fn share(&self, jobs: usize) -> usize {
        jobs / self.system.share
    }

    fn store(&self) -> Result<Store> {
        Store::start(self.system.store, self.folder)
    }

    fn start(&self, store: &Store, role: Role, more: &[(&str, usize)]) -> Result<Program> {
        let role = format!("{role:?}").to_lowercase();
        let mut command = Command::new(&self.program[0]);
        command
            .args(&self.program[1..])
            .arg(&role)
            .env("STORE", store.url())
            .env("PORT", store.port().to_string())
            .env("JOBS", JOBS.to_string())
            .env("LEASE", LEASE.to_string())
            .envs(more.iter().map(|(name, value)| (name, value.to_string())));
        let name: String = self
            .system
            .name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        Program::start(command, &self.folder.join(format!("{name}-{role}.log")))
    }

    /// A worker that waits for so many jobs, and a producer: one process, if the store belongs to one.
    fn pair(&self, store: &Store, expected: usize) -> Result<(Program, Option<Program>)> {
        let expect = [("EXPECT", expected)];
        if matches!(self.system.store, Kind::File(_)) {
            return Ok((self.start(store, Role::Both, &expect)?, None));
        }
        let worker = self.start(store, Role::Worker, &expect)?;
        Ok((worker, Some(self.start(store, Role::Producer, &[])?)))
    }
}

fn enqueue(bench: &mut Bench) -> Result<()> {
    let store = bench.store()?;
    let mut producer = bench.start(&store, Role::Producer, &[])?;
    let (singles, jobs) = (
        bench.share(bench.sizes.singles),
        bench.share(bench.sizes.jobs),
    );
    let time = producer.order(&format!("single {singles}"), bench.sizes.limit)?;
    bench.note(Metric::Single, singles as f64 / time.as_secs_f64());
    let time = producer.order(&format!("bulk {jobs}"), bench.sizes.limit)?;
    bench.note(Metric::Bulk, jobs as f64 / time.as_secs_f64());
    Ok(())
}

fn end_to_end(bench: &mut Bench) -> Result<()> {
    let jobs = bench.share(bench.sizes.jobs).min(bench.system.most_due);
    let mut store = bench.store()?;
    let (mut worker, mut producer) = bench.pair(&store, jobs)?;
    let producer_id = producer.as_ref().map(Program::id);
    thread::sleep(Duration::from_secs(3));
    bench.note(
        Metric::WorkerAtRest,
        mebibytes(machine::memory(worker.id())),
    );
    bench.note(Metric::StoreAtRest, mebibytes(store.size()));
    let before = store.commands();
    thread::sleep(bench.sizes.idle);
    let after = store.commands();
    if let (Some(before), Some(after)) = (before, after) {
        bench.note(
            Metric::Idle,
            (after - before) as f64 / bench.sizes.idle.as_secs_f64(),
        );
    }

    let cpu = |store: &Store, worker: &Program| {
        let producer = producer_id.map_or(Duration::ZERO, machine::cpu);
        [store.cpu(), machine::cpu(worker.id()), producer]
    };
    let cpu_before = cpu(&store, &worker);
    let start = Instant::now();
    producer
        .as_mut()
        .unwrap_or(&mut worker)
        .order(&format!("bulk {jobs}"), bench.sizes.limit)?;
    worker.done(jobs, bench.sizes.limit)?;
    let time = start.elapsed();
    // The last ends may still be on their way to the store.
    thread::sleep(Duration::from_millis(100));
    let cpu_after = cpu(&store, &worker);
    bench.note(Metric::EndToEnd, jobs as f64 / time.as_secs_f64());
    if let (Some(before), Some(after)) = (after, store.commands()) {
        bench.note(Metric::Commands, (after - before) as f64 / jobs as f64);
    }
    let metrics = [Metric::StoreCpu, Metric::WorkerCpu, Metric::ProducerCpu];
    for (metric, (before, after)) in metrics
        .into_iter()
        .zip(cpu_before.into_iter().zip(cpu_after))
    {
        bench.note(metric, (after - before).as_secs_f64() * 1e6 / jobs as f64);
    }
    Ok(())
}

fn latency(bench: &mut Bench) -> Result<()> {
    let Sizes {
        paced, rate, limit, ..
    } = *bench.sizes;
    let store = bench.store()?;
    let (mut worker, mut producer) = bench.pair(&store, paced)?;
    thread::sleep(Duration::from_secs(2));
    producer
        .as_mut()
        .unwrap_or(&mut worker)
        .order(&format!("pace {paced} {rate}"), limit)?;
    let (median, late) = worker.done(paced, limit)?;
    bench.note(Metric::Median, median.as_secs_f64() * 1e3);
    bench.note(Metric::Late, late.as_secs_f64() * 1e3);
    Ok(())
}

/// Jobs that were to start later, and are due when the worker comes.
fn backlog(bench: &mut Bench) -> Result<()> {
    let delay = Duration::from_secs(2);
    let jobs = bench.share(bench.sizes.backlog);
    let store = bench.store()?;
    let mut producer = bench.start(&store, Role::Producer, &[])?;
    let order = match bench.system.delays {
        true => format!("later {jobs} {}", delay.as_millis()),
        false => format!("bulk {jobs}"),
    };
    producer.order(&order, bench.sizes.limit)?;
    bench.note(Metric::StoreWaiting, mebibytes(store.size()));
    drop(producer);
    thread::sleep(delay + Duration::from_millis(500));
    let mut worker = bench.start(&store, Role::Worker, &[("EXPECT", jobs)])?;
    let start = Instant::now();
    worker.done(jobs, bench.sizes.limit)?;
    bench.note(Metric::Backlog, jobs as f64 / start.elapsed().as_secs_f64());
    bench.note(Metric::WorkerPeak, mebibytes(machine::peak(worker.id())));
    Ok(())
}

/// From the crash of a worker until the job that it was running begins in another.
fn recovery(bench: &mut Bench) -> Result<()> {
    let limit = bench.sizes.limit;
    let store = bench.store()?;
    let mut crashing = bench.start(&store, Role::Worker, &[("HOLD", 1)])?;
    let mut producer = bench.start(&store, Role::Producer, &[])?;
    producer.order("single 1", limit)?;
    crashing.wait("holding", limit)?;
    let mut other = bench.start(&store, Role::Worker, &[("EXPECT", 1)])?;
    thread::sleep(Duration::from_secs(1));
    drop(crashing);
    let start = Instant::now();
    other.done(1, limit)?;
    bench.note(Metric::Recovery, start.elapsed().as_secs_f64());
    Ok(())
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
