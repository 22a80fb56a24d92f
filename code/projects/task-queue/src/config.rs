//! The options of the server. Each is also an environment variable.

use std::time::Duration;

use clap::{Parser, value_parser};
use service::options::{self, Edge, seconds};

use crate::broker::{Options, StoreUrl};
use crate::name::{QueueName, WorkerId};
use crate::scale::Bounds;
use crate::worker::Settings;

/// A task queue in one program: stores jobs, runs them, serves an HTTP API and a dashboard.
#[derive(Clone, Debug, Parser)]
#[command(name = "task-queue", version, mut_args(options::variables("TASKQ")))]
pub struct Config {
    /// What it shares with the other systems of the book.
    #[command(flatten)]
    pub edge: Edge,

    /// The store: sqlite:PATH[?sync=normal] or redis://HOST[:PORT][/DB][?namespace=NAME]
    #[arg(long, default_value = "sqlite:taskq.db", value_name = "URL")]
    pub store: StoreUrl,

    /// The queues to work on
    #[arg(
        long = "queue",
        env = "TASKQ_QUEUES",
        value_delimiter = ',',
        default_value = "default",
        value_name = "NAME"
    )]
    pub queues: Vec<QueueName>,

    /// Run no jobs: serve the API only
    #[arg(long)]
    pub no_worker: bool,

    /// The fewest jobs to run at once, 1 to 10,000 [default: 2 for each core]
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u32).range(1..=10_000))]
    pub min_jobs: Option<u32>,

    /// The most jobs to run at once, 1 to 10,000 [default: 16 for each core]
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u32).range(1..=10_000))]
    pub max_jobs: Option<u32>,

    /// How long a job stays with a worker that gives no sign of life, in seconds, 0.1 to 3,600
    #[arg(long, default_value = "10", value_name = "SECONDS",
        value_parser = |text: &str| seconds(text, 0.1..=3600.0))]
    pub lease: Duration,

    /// How long a wait one level of priority is worth, in seconds, 0 to 86,400
    #[arg(long, default_value = "10", value_name = "SECONDS",
        value_parser = |text: &str| seconds(text, 0.0..=86_400.0))]
    pub aging: Duration,

    /// The most jobs that may wait in one queue, 1 to 1,000,000,000
    #[arg(long, default_value_t = Options::STANDARD.max_depth, value_name = "NUMBER",
        value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    pub max_depth: u64,

    /// The longest payload and the longest result in bytes, 1 to 67,108,864
    #[arg(long, default_value_t = 256 * 1024, value_name = "BYTES",
        value_parser = value_parser!(u32).range(1..=64 << 20))]
    pub max_payload: u32,
}

impl Config {
    /// The numbers that the store works by.
    pub fn store_options(&self) -> Options {
        Options {
            aging: self.aging,
            max_depth: self.max_depth,
            max_payload: self.max_payload as usize,
            ..Options::STANDARD
        }
    }

    /// How the worker works; `host` is what people call this machine.
    pub fn worker_settings(&self, host: &str) -> Settings {
        let standard = Settings::standard(self.queues.clone(), WorkerId::unique(host));
        let mut scale = standard.scale;
        let Bounds { min, max } = scale.bounds;
        let min = self
            .min_jobs
            .unwrap_or(self.max_jobs.map_or(min, |most| min.min(most)));
        scale.bounds = Bounds {
            min,
            max: self.max_jobs.unwrap_or(max.max(min)),
        };
        Settings {
            scale,
            lease: self.lease,
            drain: self.edge.drain,
            ..standard
        }
    }
}
