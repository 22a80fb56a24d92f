//! What Linux tells of processes and of the machine.
//!
//! A process that is gone counts as zero.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

/// The kernel counts processor time for /proc in hundredths of a second, on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// Processor time of a process and its threads so far.
pub fn cpu(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name, in parentheses, may contain spaces. User and system time are the 12th and 13th after it.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let times = after_name.split_whitespace().skip(11).take(2);
    let ticks: u32 = times.filter_map(|time| time.parse::<u32>().ok()).sum();
    TICK * ticks
}

/// Bytes of memory that a process has now.
pub fn memory(process: u32) -> u64 {
    status(process, "VmRSS:")
}

/// The most bytes of memory that a process has had.
pub fn peak(process: u32) -> u64 {
    status(process, "VmHWM:")
}

fn status(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    kibibytes
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
        * 1024
}

/// How many processes wanted a processor in the minute before.
pub fn load() -> f64 {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = averages.split(' ').next().map(str::parse);
    first.and_then(Result::ok).unwrap_or(f64::NAN)
}

/// The processor and how many of it.
pub fn description() -> String {
    let about = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    let number = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{number} × {model}")
}

/// A port that was free a moment ago, for a program that cannot choose one itself.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port of loopback");
    listener.local_addr().expect("it is bound").port()
}

/// The versions of these programs, as far as they are installed, by the names that people give
/// them: `versions(&[("Rust", "rustc"), ("Redis", "redis-server")])` is `Rust 1.95.0, Redis 7.0.15`.
pub fn versions(programs: &[(&str, &str)]) -> String {
    let versions = programs.iter().filter_map(|(name, program)| {
        let output = Command::new(program).arg("--version").output().ok()?;
        let said = String::from_utf8(output.stdout).ok()?;
        let version = said
            .split(|c: char| c.is_whitespace() || c == '=')
            .find(|word| {
                word.trim_start_matches('v')
                    .starts_with(|c: char| c.is_ascii_digit())
            })?;
        Some(format!("{name} {}", version.trim_start_matches('v')))
    });
    versions.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_the_machine_a_name() {
        let this = std::process::id();
        assert!(memory(this) > 100_000);
        assert!(peak(this) >= memory(this) / 2);
        assert_eq!(memory(u32::MAX), 0);
        assert!(description().contains(" × "));
        assert!(load() >= 0.0);
    }

    #[test]
    fn versions_are_of_what_is_installed() {
        let said = versions(&[("Rust", "rustc"), ("Nothing", "no-such-program")]);
        assert!(said.starts_with("Rust 1."), "{said}");
        assert!(!said.contains("Nothing"), "{said}");
    }
}
