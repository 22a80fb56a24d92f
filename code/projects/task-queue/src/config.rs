//! The options of the server. Each is also an environment variable.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::broker::Options;
use crate::error::BrokerError;
use crate::name::{QueueName, WorkerId};
use crate::scale::Bounds;
use crate::telemetry::LogFormat;
use crate::worker::Settings;

/// A task queue in one program: stores jobs, runs them, serves an HTTP API and a dashboard.
#[derive(Clone, Debug, Parser)]
#[command(name = "task-queue", version)]
pub struct Config {
    /// Where to listen
    #[arg(long, env = "TASKQ_LISTEN", default_value = "127.0.0.1:7070")]
    pub listen: SocketAddr,

    /// The store: sqlite:PATH[?sync=normal] or redis://HOST[:PORT][/DB][?namespace=NAME]
    #[arg(long, env = "TASKQ_STORE", default_value = "sqlite:taskq.db")]
    pub store: String,

    /// What clients must send as `Authorization: Bearer TOKEN`
    #[arg(long, env = "TASKQ_TOKEN", hide_env_values = true)]
    pub token: Option<String>,

    /// The queues to work on
    #[arg(
        long = "queue",
        env = "TASKQ_QUEUES",
        value_delimiter = ',',
        default_value = "default"
    )]
    pub queues: Vec<QueueName>,

    /// Run no jobs: serve the API only
    #[arg(long, env = "TASKQ_NO_WORKER")]
    pub no_worker: bool,

    /// The fewest jobs to run at once [default: 2 for each core]
    #[arg(long, env = "TASKQ_MIN_JOBS")]
    pub min_jobs: Option<u32>,

    /// The most jobs to run at once [default: 16 for each core]
    #[arg(long, env = "TASKQ_MAX_JOBS")]
    pub max_jobs: Option<u32>,

    /// How long a job stays with a worker that gives no sign of life, in seconds
    #[arg(long, env = "TASKQ_LEASE", default_value = "10", value_parser = seconds)]
    pub lease: Duration,

    /// How long running jobs may go on after SIGTERM or Ctrl-C, in seconds
    #[arg(long, env = "TASKQ_DRAIN", default_value = "20", value_parser = seconds)]
    pub drain: Duration,

    /// How long a wait one level of priority is worth, in seconds
    #[arg(long, env = "TASKQ_AGING", default_value = "10", value_parser = seconds)]
    pub aging: Duration,

    /// The most jobs that may wait in one queue
    #[arg(long, env = "TASKQ_MAX_DEPTH", default_value_t = Options::STANDARD.max_depth)]
    pub max_depth: u64,

    /// The longest payload and the longest result, in bytes
    #[arg(long, env = "TASKQ_MAX_PAYLOAD", default_value_t = Options::STANDARD.max_payload)]
    pub max_payload: usize,

    /// The longest request body, in bytes
    #[arg(long, env = "TASKQ_MAX_BODY", default_value_t = 8 * 1024 * 1024)]
    pub max_body: usize,

    /// The most connections at once; more wait to be accepted
    #[arg(long, env = "TASKQ_MAX_CONNECTIONS", default_value_t = 4096)]
    pub max_connections: usize,

    /// How log lines look
    #[arg(long, env = "TASKQ_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: Format,

    /// What to log: a level, or targets and levels such as info,task_queue=debug
    #[arg(long, env = "TASKQ_LOG", default_value = "info")]
    pub log: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl Config {
    /// What options together rule out: serving other machines without a token.
    pub fn check(&self) -> Result<(), BrokerError> {
        if self.token.is_none() && !self.listen.ip().is_loopback() {
            let reason = format!("{} can be reached by others: give a --token", self.listen);
            return Err(BrokerError::invalid("listen", reason));
        }
        if self.token.as_ref().is_some_and(|token| token.len() < 16) {
            return Err(BrokerError::invalid("token", "it has less than 16 bytes"));
        }
        Ok(())
    }

    /// The numbers that the store works by.
    pub fn store_options(&self) -> Options {
        Options {
            aging: self.aging,
            max_depth: self.max_depth,
            max_payload: self.max_payload,
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
            drain: self.drain,
            ..standard
        }
    }
}

impl From<Format> for LogFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str]) -> Config {
        Config::parse_from([&["task-queue"], arguments].concat())
    }

    #[test]
    fn nobody_else_is_served_without_a_token() {
        assert!(config(&[]).check().is_ok());
        let open = config(&["--listen", "0.0.0.0:80"]).check().unwrap_err();
        assert_eq!(
            open.to_string(),
            "listen: 0.0.0.0:80 can be reached by others: give a --token"
        );
        let guarded = ["--listen", "0.0.0.0:80", "--token", "0123456789abcdef"];
        assert!(config(&guarded).check().is_ok());
        assert!(config(&["--token", "short"]).check().is_err());
    }

    #[test]
    fn the_bounds_of_the_worker_follow_what_was_given() {
        let bounds = |arguments: &[&str]| config(arguments).worker_settings("h").scale.bounds;
        assert_eq!(bounds(&["--max-jobs", "1"]), Bounds { min: 1, max: 1 });
        assert_eq!(
            bounds(&["--min-jobs", "3", "--max-jobs", "5"]),
            Bounds { min: 3, max: 5 }
        );
        assert!(bounds(&["--min-jobs", "100000"]).max >= 100_000);
    }

    #[test]
    fn times_may_be_fractions_of_a_second_and_nothing_else() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert!(seconds("-1").is_err());
        assert!(seconds("soon").is_err());
    }
}
