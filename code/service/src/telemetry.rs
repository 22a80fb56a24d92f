//! Logs: to standard error, for people or as JSON, panics included.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::str::FromStr;

use clap::ValueEnum;
use tracing::error;
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, fmt};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Why logging did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("--log: {filter:?}: {source}; write something like \"info,tower=debug\"")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// Logging was started before in this process.
    #[error(transparent)]
    Twice(#[from] TryInitError),
}

/// Starts logging to standard error, once in a process. `filter` says which targets at which level:
/// `info,tower=debug`. A panic becomes a log line too, within the spans that it happened in.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let is_terminal = std::io::stderr().is_terminal();
    let targets = Targets::from_str(filter).map_err(|source| TelemetryError::Filter {
        filter: filter.to_owned(),
        source,
    })?;
    tracing_subscriber::registry()
        .with(lines(format, std::io::stderr, is_terminal).with_filter(targets))
        .try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// The layer that writes log lines to `writer`.
pub fn lines<W>(
    format: LogFormat,
    writer: W,
    colors: bool,
) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer).with_ansi(colors);
    match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("not a text");
    let place = panic.location().map(ToString::to_string);
    error!(panic = message, place, "panicked");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_filter_says_what_was_given() {
        let error = init(LogFormat::Text, "tower=loud").unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("--log: \"tower=loud\": "), "{text}");
    }

    #[test]
    fn a_line_of_json_carries_its_fields_and_those_of_its_span() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let layer = lines(LogFormat::Json, log.reopen().unwrap(), false);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info_span!("job", id = 7).in_scope(|| tracing::warn!(tries = 2, "failed"));
        });
        let log = std::fs::read_to_string(log.path()).unwrap();
        let line: serde_json::Value = serde_json::from_str(&log).unwrap();
        assert_eq!(line["message"], "failed");
        assert_eq!(line["tries"], 2);
        assert_eq!(line["span"]["id"], 7);
    }
}
