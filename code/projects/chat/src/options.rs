//! The options of the server.

use std::time::Duration;

use clap::Args;
use service::options::{Edge, seconds};

use crate::store::Place;

/// What `chat serve` takes.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// What every system takes
    #[command(flatten)]
    pub edge: Edge,

    /// Where lines, rooms and people are kept: a file, or postgres://USER@HOST/DATABASE
    #[arg(
        long,
        default_value = "chat.db",
        value_name = "FILE|URL",
        hide_env_values = true
    )]
    pub db: Place,

    /// What joins servers that share what is kept, such as redis://127.0.0.1:6379
    #[arg(long, value_name = "URL")]
    pub bus: Option<String>,

    /// How long a session lasts, in seconds, 60 to 31,536,000
    #[arg(long, default_value = "2592000", value_name = "SECONDS",
        value_parser = |text: &str| seconds(text, 60.0..=31_536_000.0))]
    pub session: Duration,
}
