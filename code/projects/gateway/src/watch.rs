//! Reloads when the file changes, or at SIGHUP.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::interval;
use tracing::{error, warn};

use crate::check::parse;
use crate::running::Running;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Never ends. A file with faults changes nothing: they're logged, and the old one goes on.
pub async fn reload_on_change(running: &Running, file: PathBuf) {
    let mut hangup = signal(SignalKind::hangup()).ok();
    let mut ticks = interval(EVERY);
    let mut seen = read(&file).await;
    loop {
        let asked = tokio::select! {
            _ = ticks.tick() => false,
            () = received(&mut hangup) => true,
        };
        let now = read(&file).await;
        if now.is_none() || (now == seen && !asked) {
            continue; // half-way through a rename, perhaps
        }
        match parse(now.as_deref().unwrap_or_default()) {
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
        seen = now;
    }
}

async fn read(file: &Path) -> Option<String> {
    tokio::fs::read_to_string(file).await.ok()
}

async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
