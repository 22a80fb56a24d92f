//! The options that every system takes. Flatten [`Edge`] into a system's own.
//!
//! Each number has bounds, and what is outside of them is refused with the option and the bounds,
//! before anything is started.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Arg, Args, value_parser};
use tokio::net::TcpListener;

use crate::serve::Limits;
use crate::telemetry::{self, LogFormat};

/// The fewest bytes of a token: one of 16 random letters cannot be guessed.
const TOKEN: usize = 16;

/// What stands between a server and the network.
#[derive(Args, Clone, Debug)]
pub struct Edge {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:7070", value_name = "ADDRESS")]
    pub listen: SocketAddr,

    /// What clients must send as `Authorization: Bearer TOKEN`: 16 bytes or more
    #[arg(long, hide_env_values = true, value_parser = token)]
    pub token: Option<String>,

    /// Other names of this server, for a proxy on this machine, say
    #[arg(long, value_delimiter = ',', value_name = "HOST")]
    pub allow_host: Vec<String>,

    /// The most connections at once, 1 to 1,000,000; more wait to be accepted
    #[arg(long, default_value_t = 4096, value_name = "NUMBER",
        value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// The longest request body in bytes, 1 to 1,073,741,824
    #[arg(long, default_value_t = 8 * 1024 * 1024, value_name = "BYTES",
        value_parser = value_parser!(u32).range(1..=1 << 30))]
    pub max_body: u32,

    /// How long what runs may go on after SIGTERM or Ctrl-C, in seconds, 0 to 86,400
    #[arg(long, default_value = "20", value_name = "SECONDS",
        value_parser = |text: &str| seconds(text, 0.0..=86_400.0))]
    pub drain: Duration,

    /// What to log: a level, or targets and levels such as info,tower=debug
    #[arg(long, default_value = "info", value_name = "FILTER")]
    pub log: String,

    /// How log lines look
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
}

impl Edge {
    /// Refuses what options together rule out (serving other machines without a token), and starts
    /// logging.
    pub fn begin(&self) -> Result<()> {
        self.check()?;
        telemetry::init(self.log_format, &self.log)?;
        Ok(())
    }

    /// Refuses what options together rule out: serving other machines without a token.
    pub fn check(&self) -> Result<()> {
        ensure!(
            self.token.is_some() || self.listen.ip().is_loopback(),
            "--listen: {} can be reached by others: give a --token",
            self.listen
        );
        Ok(())
    }

    /// Listens.
    pub async fn bind(&self) -> Result<TcpListener> {
        let listener = TcpListener::bind(self.listen).await;
        listening(listener, self.listen, "give another --listen")
    }

    /// What [`serve`](crate::serve::serve) keeps to.
    pub fn limits(&self) -> Limits {
        Limits {
            connections: self.max_connections,
            ..Limits::STANDARD
        }
    }
}

/// What came of listening on `address`. If another program listens there, `remedy` says what to do.
pub fn listening<T>(came: io::Result<T>, address: SocketAddr, remedy: &str) -> Result<T> {
    came.map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::AddrInUse => format!(": {remedy}"),
            _ => String::new(),
        };
        anyhow::Error::new(error).context(format!("cannot listen on {address}{remedy}"))
    })
}

/// Makes every option an environment variable too: `--max-body` is `PREFIX_MAX_BODY`.
/// For `#[command(mut_args(options::variables("PREFIX")))]` on a system's options; an option that
/// names a variable itself keeps it.
pub fn variables(prefix: &'static str) -> impl FnMut(Arg) -> Arg {
    move |option| {
        if option.is_positional() || option.get_env().is_some() {
            return option;
        }
        let name = format!("{prefix}_{}", option.get_id()).to_uppercase();
        // clap keeps names for as long as the program runs, and each option is named once.
        option.env(OsStr::new(Box::leak(name.into_boxed_str())))
    }
}

/// Reads a number that lies within `bounds`. For `value_parser`.
pub fn number(text: &str, bounds: RangeInclusive<f64>) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    match bounds.contains(&number) {
        true => Ok(number),
        false => Err(format!("not in {} to {}", bounds.start(), bounds.end())),
    }
}

/// Reads a time in seconds, such as `0.5`, that lies within `bounds`. For `value_parser`.
pub fn seconds(text: &str, bounds: RangeInclusive<f64>) -> Result<Duration, String> {
    Duration::try_from_secs_f64(number(text, bounds)?).map_err(|error| error.to_string())
}

fn token(text: &str) -> Result<String, String> {
    match text.len() >= TOKEN && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(format!("it needs {TOKEN} visible ASCII characters or more")),
    }
}

#[cfg(test)]
mod tests;
