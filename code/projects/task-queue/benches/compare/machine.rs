//! What Linux tells of processes and of the machine.

use std::fs;
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

/// Of what was compiled and started.
pub fn versions() -> String {
    let commands = [
        ["rustc", "--version"],
        ["redis-server", "--version"],
        ["node", "--version"],
        ["python3", "--version"],
        ["ruby", "--version"],
    ];
    let versions = commands.iter().filter_map(|[program, argument]| {
        let output = Command::new(program).arg(argument).output().ok()?;
        let said = String::from_utf8(output.stdout).ok()?;
        let version = said
            .split(|c: char| c.is_whitespace() || c == '=')
            .find(|word| {
                word.trim_start_matches('v')
                    .starts_with(|c: char| c.is_ascii_digit())
            })?;
        let name = match *program {
            "rustc" => "Rust",
            "redis-server" => "Redis",
            "node" => "Node",
            "python3" => "Python",
            _ => "Ruby",
        };
        Some(format!("{name} {}", version.trim_start_matches('v')))
    });
    versions.collect::<Vec<_>>().join(", ")
}
