//! What a recorded program links: it hears Tokio and writes one line for each event.
//!
//! The lines go to standard output, between those of the program, so that one pipe keeps the
//! order. Each begins with [`SIGN`]; `raw` reads them back.
//! Without the variable [`SWITCH`] in the environment nothing is installed and nothing written.
//!
//! - `tokio`: the subscriber that hears Tokio's own spans and events;
//! - `mark`: futures of the program that report each poll;
//! - `reports`: what the marked program tells by itself, such as that it prints;
//! - `main_waker`: who wakes what `block_on` runs, which Tokio does not say;
//! - `caller`: which part of Tokio acts, read from the stack;
//! - `stack`: the tasks and marks that a thread is inside of;
//! - `quiet`: when blocking work begins;
//! - `line`: how all of that is written.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

mod caller;
mod line;
mod main_waker;
mod mark;
mod quiet;
mod reports;
mod stack;
mod tokio;

pub use line::SIGN;
pub use mark::{Mark, reach};
pub use reports::{Abort, Abortable, blocking, hook, print, taken};

/// The environment variable that turns the probe on; its value is the folder in which the program
/// was compiled, and its files there, a line each.
pub const SWITCH: &str = "RECORDER_PROGRAM";

/// The value of [`SWITCH`] for these files of a folder.
pub fn sources<'a>(folder: &Path, files: impl IntoIterator<Item = &'a str>) -> String {
    let mut sources = folder.display().to_string();
    for file in files {
        sources.extend(["\n", file]);
    }
    sources
}

/// The environment variable with the number from which a runtime draws its random choices.
pub const SEED: &str = "RECORDER_SEED";

/// What is recorded, while the probe is on.
static PROGRAM: OnceLock<Program> = OnceLock::new();

/// The sources of a program.
struct Program {
    folder: PathBuf,
    /// Relative to the folder, as the compiler names them.
    files: Vec<String>,
}

fn recording() -> bool {
    PROGRAM.get().is_some()
}

/// The number that makes the random choices of a run the same each time.
pub fn seed() -> String {
    std::env::var(SEED).unwrap_or_default()
}

#[ctor::ctor(unsafe)]
fn install() {
    let Ok(program) = std::env::var(SWITCH) else {
        return;
    };
    let mut lines = program.lines().map(str::to_owned);
    let folder = PathBuf::from(lines.next().unwrap_or_default());
    let files = lines.collect();
    if PROGRAM.set(Program { folder, files }).is_ok() && tokio::listen() {
        reports::report_panics();
    }
}
