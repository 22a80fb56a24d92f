//! What the program is started with.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use patterns::retry::Backoff;
use service::options::{self, Edge};

use crate::bus::Streams;
use crate::clock::Clock;
use crate::consumers::CONSUMERS;
use crate::crash::Crash;
use crate::database::{Durability, Home, Postgres};
use crate::demo::Play;
use crate::shop::Settings;
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

    /// The others.
    #[command(flatten)]
    pub world: Mood,

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
    Demo(Play),
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
            mood: self.world,
            crash: self.crash.clone().unwrap_or_default(),
            clock: Clock::default(),
        })
    }
}
