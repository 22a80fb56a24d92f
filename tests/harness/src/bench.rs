//! What the benchmarks share: how busy the machine is, the middle of several times, and mdBook.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The mdBook that is compared with; the newest when this was written.
pub const MDBOOK: &str = "0.5.4";

/// How many processes wanted a processor, in the minute before; Linux tells it.
pub fn load() -> String {
    let averages = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split(' ').next().unwrap_or("unknown").into()
}

/// The median.
///
/// # Panics
///
/// If there is none.
pub fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// The program, as its readers have it, with its search; it is installed below `tools` first if it is missing.
pub fn mdbook(tools: &Path) -> anyhow::Result<PathBuf> {
    let tools = tools.join(format!("mdbook-{MDBOOK}"));
    let program = tools.join("bin/mdbook");
    if !program.exists() {
        eprintln!("mdbook {MDBOOK} is installed into {}", tools.display());
        let status = Command::new("cargo")
            .args([
                "install",
                "mdbook",
                "--version",
                MDBOOK,
                "--locked",
                "--root",
            ])
            .arg(&tools)
            .status()?;
        anyhow::ensure!(status.success(), "mdbook cannot be installed");
    }
    Ok(program)
}
