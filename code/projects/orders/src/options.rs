//! What the program is started with.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, value_parser};
use patterns::retry::Backoff;
use service::options::{self, Edge};

use crate::bus::Streams;
use crate::clock::Clock;
use crate::crash::Crash;
use crate::database::{Durability, Home, Postgres};
use crate::demo::Play;
use crate::shop::{CONSUMERS, Settings};
use crate::world::Mood;

/// An order service that survives a crash after any step.
#[derive(Clone, Debug, Parser)]
#[command(version, mut_args(options::variables("ORDERS")))]
pub struct Options {
    /// The edge.
    #[command(flatten)]
    pub edge: Edge,

    /// Where the files are; made if it isn't there
    #[arg(
        long,
        default_value = "orders-data",
        value_name = "DIRECTORY",
        global = true
    )]
    pub data: PathBuf,

    /// A PostgreSQL database in the place of the files, for many machines: postgres://USER@HOST/NAME
    #[arg(long, value_name = "URL", global = true, hide_env_values = true,
        value_parser = |url: &str| Postgres::new(url).map_err(|error| error.to_string()))]
    pub store: Option<Postgres>,

    /// A Redis that carries the messages, for many machines: redis://HOST
    #[arg(long, value_name = "URL", global = true, hide_env_values = true)]
    pub bus: Option<String>,

    /// How long an order may take until it's dispatched, in seconds, 1 to 86,400
    #[arg(long, default_value = "60", value_name = "SECONDS",
        value_parser = |text: &str| options::seconds(text, 1.0..=86_400.0))]
    pub patience: Duration,

    /// How long bank, carrier and mail take to answer, in seconds, 0 to 60
    #[arg(long, default_value = "0.02", value_name = "SECONDS", global = true,
        value_parser = |text: &str| options::seconds(text, 0.0..=60.0))]
    pub world_delay: Duration,

    /// The share of their answers that is lost, 0 to 1
    #[arg(long, default_value_t = 0.0, value_name = "SHARE", global = true,
        value_parser = |text: &str| options::number(text, 0.0..=1.0))]
    pub world_silent: f64,

    /// Abort when the N-th time a point of the code is passed: NAME:N. For those who break things
    #[arg(long, value_name = "POINT", global = true, value_parser = Crash::real)]
    pub crash: Option<Crash>,

    /// What to do; without it, serve
    #[command(subcommand)]
    pub action: Option<Action>,
}

/// What to do instead of serving only.
#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// Play customers until all orders are at their end, then audit and stop
    Demo {
        /// How many orders, 1 to 10,000
        #[arg(long, default_value_t = 50, value_name = "NUMBER",
            value_parser = value_parser!(u32).range(1..=10_000))]
        orders: u32,

        /// How many a second, 0.1 to 10,000
        #[arg(long, default_value_t = 20.0, value_name = "NUMBER",
            value_parser = |text: &str| options::number(text, 0.1..=10_000.0))]
        rate: f64,

        /// The share of customers with a bad card, a bad address or second thoughts, 0 to 1
        #[arg(long, default_value_t = 0.3, value_name = "SHARE",
            value_parser = |text: &str| options::number(text, 0.0..=1.0))]
        failures: f64,
    },
    /// Bring what is open to its end, audit and stop
    Audit,
}

impl Options {
    /// What the shop is opened with.
    ///
    /// # Errors
    ///
    /// If the directory can't be made, or the URL of the bus not be read.
    pub fn settings(&self) -> Result<Settings> {
        let home = match &self.store {
            Some(server) => Home::Server(server.clone()),
            None => {
                let made = std::fs::create_dir_all(&self.data);
                made.with_context(|| format!("--data: cannot make {}", self.data.display()))?;
                Home::Files(self.data.clone(), Durability::Full)
            }
        };
        let bus = self.bus.as_deref().map(|url| Streams::new(url, &CONSUMERS));
        Ok(Settings {
            home,
            bus: bus.transpose().context("--bus")?,
            patience: self.patience,
            backoff: Backoff {
                first: Duration::from_millis(100),
                longest: Duration::from_secs(5),
                attempts: 6,
            },
            mood: Mood {
                delay: self.world_delay,
                silent: self.world_silent,
            },
            crash: self.crash.clone().unwrap_or_default(),
            clock: Clock::default(),
        })
    }
}

impl Action {
    /// What is to be played, if anything.
    pub fn play(&self) -> Option<Play> {
        match *self {
            Action::Demo {
                orders,
                rate,
                failures,
            } => Some(Play {
                orders,
                rate,
                unlucky: failures,
            }),
            Action::Audit => None,
        }
    }
}
