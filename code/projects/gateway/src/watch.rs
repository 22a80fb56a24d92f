//! Reloads when the file changes, or at SIGHUP.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::fs::read_to_string;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::interval;
use tracing::{error, warn};

use crate::check::parse;
use crate::running::Running;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Never ends, unless signals can't be heard. A file with faults changes nothing: they're logged,
/// and the old one goes on.
pub async fn reload_on_change(running: &Running, file: &Path) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut ticks = interval(EVERY);
    let mut seen = read_to_string(file).await.ok();
    loop {
        let asked = tokio::select! {
            _ = ticks.tick() => false,
            _ = hangup.recv() => true,
        };
        let Ok(now) = read_to_string(file).await else {
            continue; // half-way through a rename, perhaps
        };
        if seen.as_ref() == Some(&now) && !asked {
            continue;
        }
        match parse(&now) {
            Ok(config) => {
                if let Err(error) = running.reload(&config) {
                    error!(%error, "not reloaded");
                }
            }
            Err(faults) => {
                for fault in faults {
                    warn!(file = %file.display(), %fault, "not reloaded");
                }
            }
        }
        seen = Some(now);
    }
}
