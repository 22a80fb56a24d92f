//! The programs behind every number in the book.
//!
//! Each binary measures one thing and prints a TOML document, which is committed beside it:
//!
//! ```console
//! $ cargo run --release -p measurements --bin task-memory > code/measurements/results/task-memory.toml
//! ```
//!
//! The chapters read the committed file, so a number in the text and the program that produced it cannot part.
//! Values that do not depend on time are measured again by `cargo test` and compared.

use std::{fs, path::PathBuf, process::Command, thread, time::Duration};

use anyhow::{Context, Result};
use toml::{Table, Value};

/// What one program found out; `to_toml` is the document that gets committed.
pub struct Report {
    /// The name of the binary and of its result, without an ending.
    pub name: &'static str,
    /// One sentence: what was measured and how.
    pub what: &'static str,
    /// Each value as the text prints it, in the order of the document.
    pub values: Vec<(&'static str, Value)>,
}

impl Report {
    /// The whole document, with the machine and the versions it was measured on.
    pub fn to_toml(&self) -> Result<String> {
        let head = [
            ("what", self.what.to_owned()),
            (
                "command",
                format!("cargo run --release -p measurements --bin {}", self.name),
            ),
            ("machine", machine()),
            ("versions", versions()?),
            ("date", output("date", &["-u", "+%F"])?),
        ];
        let mut document = String::new();
        for (key, text) in head {
            document += &format!("{key} = {}\n", Value::String(text));
        }
        document += "\n[values]\n";
        for (key, value) in &self.values {
            document += &format!("{key} = {value}\n");
        }
        Ok(document)
    }
}

/// The values of the committed result `name`.
pub fn committed(name: &str) -> Result<Table> {
    let path = package().join(format!("results/{name}.toml"));
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let document: Table = text.parse()?;
    let values = document.get("values").and_then(Value::as_table);
    values.cloned().context("a result has a table [values]")
}

/// Measured again, `report` must say what its committed result says.
pub fn assert_committed(report: &Report) -> Result<()> {
    let committed = committed(report.name)?;
    for (name, value) in &report.values {
        let printed = committed.get(*name);
        anyhow::ensure!(
            printed == Some(value),
            "results/{0}.toml says {name} = {printed:?}, measured is {value}: \
             read the text that prints it, then run the command in results/{0}.toml",
            report.name,
        );
    }
    Ok(())
}

/// The middle one of `rounds` timings, which a busy moment of the machine does not move.
pub fn median(rounds: usize, mut measure: impl FnMut() -> Duration) -> Duration {
    let mut timings: Vec<_> = (0..rounds).map(|_| measure()).collect();
    timings.sort();
    timings[rounds / 2]
}

/// A ratio rounded down to its first digit, so that the text can say "at least" and hold on other days.
pub fn at_least(ratio: f64) -> i64 {
    let step = 10_f64.powi(ratio.log10().floor() as i32);
    ((ratio / step).floor() * step) as i64
}

fn machine() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel: Vec<_> = release.splitn(3, '.').take(2).collect();
    let system = match std::env::consts::OS {
        "linux" => format!("Linux {}", kernel.join(".")),
        other => other.to_owned(),
    };
    let architecture = std::env::consts::ARCH.replace('_', "-");
    format!("{architecture}, {cores} cores, {system}")
}

fn versions() -> Result<String> {
    let rustc = output("rustc", &["--version"])?;
    let rustc = rustc.split(' ').nth(1).context("rustc has a version")?;
    let lock: Table = fs::read_to_string(package().join("../../Cargo.lock"))?.parse()?;
    let packages = lock.get("package").and_then(Value::as_array);
    let tokio = packages
        .into_iter()
        .flatten()
        .find(|package| package.get("name").and_then(Value::as_str) == Some("tokio"))
        .and_then(|package| package.get("version")?.as_str())
        .context("Cargo.lock names a tokio")?;
    Ok(format!("rustc {rustc}, tokio {tokio}"))
}

fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn package() -> PathBuf {
    // As cargo says it now: the program may have been built before its checkout moved.
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_rounded_down_to_its_first_digit() {
        let ratios = [3.4, 11.0, 17.6, 152.0, 299.0];
        assert_eq!(ratios.map(at_least), [3, 10, 10, 100, 200]);
    }

    #[test]
    fn the_median_ignores_one_slow_round() {
        let mut rounds = [2, 900, 3].into_iter();
        let middle = median(3, || {
            Duration::from_secs(rounds.next().expect("three rounds"))
        });
        assert_eq!(middle, Duration::from_secs(3));
    }
}
