//! Which part of Tokio acts, or which line of the program, read from the stack.

use std::backtrace::Backtrace;
use std::env;
use std::path::Path;

use super::{PROGRAM, Program};

/// Who called.
#[derive(Debug, PartialEq, Eq)]
pub struct Caller {
    /// The part of Tokio that acts of its own accord, or nothing when the program does.
    pub part: &'static str,
    /// The file and line of the program nearest to the call, when the program acts.
    pub line: Option<(String, u64)>,
}

/// What on the stack tells who wakes; the innermost counts, since a driver stands on others.
const WAKES: [(&str, &str); 7] = [
    ("task::local::", "local"),
    ("task::harness::Harness<T,S>::complete", "completion"),
    ("scheduler::defer", "yield"),
    ("runtime::time::", "timer"),
    ("runtime::io::", "io"),
    ("runtime::signal", "signal"),
    ("runtime::process", "process"),
];

/// What on the stack tells why a future is dropped; the outermost counts, since a runtime that
/// shuts down cancels its tasks.
const DROPS: [(&str, &str); 2] = [
    ("close_and_shutdown_all", "shutdown"),
    ("harness::cancel_task", "cancel"),
];

/// Who wakes a task.
pub fn who_wakes() -> Caller {
    let trace = Backtrace::force_capture().to_string();
    find(&trace, PROGRAM.get())
}

/// Why a future is dropped: `shutdown`, `cancel`, or nothing when it is finished.
pub fn why_dropped() -> &'static str {
    let trace = Backtrace::force_capture().to_string();
    let inner: Vec<&str> = trace.lines().take_while(|line| !is_poll(line)).collect();
    let on_stack = |name: &str| inner.iter().any(|line| line.contains(name));
    let found = DROPS.iter().find(|(name, _)| on_stack(name));
    found.map_or("", |(_, part)| part)
}

fn find(trace: &str, program: Option<&Program>) -> Caller {
    let mut line = None;
    for frame in trace.lines().take_while(|line| !is_poll(line)) {
        let Some(place) = frame.trim_start().strip_prefix("at ") else {
            if let Some((_, part)) = WAKES.iter().find(|(name, _)| frame.contains(name)) {
                return Caller { part, line: None };
            }
            continue;
        };
        if line.is_none() {
            line = program.and_then(|program| own_line(place, program));
        }
    }
    Caller { part: "", line }
}

/// The file and line of a frame's `path:line:column`, if the program has that file.
fn own_line(place: &str, program: &Program) -> Option<(String, u64)> {
    let mut parts = place.rsplitn(3, ':');
    let (_, row, path) = (parts.next()?, parts.next()?, parts.next()?);
    // A backtrace names what is below the current folder from there.
    let path = match path.strip_prefix("./") {
        Some(below) => env::current_dir().unwrap_or_default().join(below),
        None => Path::new(path).to_owned(),
    };
    let within = path.strip_prefix(&program.folder).ok()?;
    let file = program
        .files
        .iter()
        .find(|file| Path::new(file) == within)?;
    Some((file.clone(), row.parse().ok()?))
}

/// Below the poll of a task stands the runtime that polls, which is no part of the call.
fn is_poll(frame: &str) -> bool {
    frame.contains("<tracing::instrument::Instrumented<") && frame.ends_with("Future>::poll")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_part_of_tokio_is_the_one_that_acts() {
        let trace = "   4: tokio::runtime::io::scheduled_io::ScheduledIo::wake\n\
                     \x20            at /t/runtime/io/scheduled_io.rs:220:9\n\
                     \x20  5: tokio::runtime::signal::Driver::park\n\
                     \x20  6: tokio::runtime::time::Driver::park_internal\n";
        assert_eq!(find(trace, None).part, "io");
    }

    #[test]
    fn a_call_of_the_program_is_told_by_its_innermost_line() {
        let trace = "   4: tokio::sync::oneshot::Sender<T>::send\n\
                     \x20  5: a::ring\n             at /p/src/bin/a.rs:7:5\n\
                     \x20  6: a::main::{{closure}}\n             at /p/src/bin/a.rs:12:9\n\
                     \x20  7: <tracing::instrument::Instrumented<T> as core::future::future::Future>::poll\n\
                     \x20  8: tokio::runtime::time::Driver::park\n";
        let program = Program {
            folder: "/p".into(),
            files: vec!["src/bin/a.rs".into()],
        };
        let caller = find(trace, Some(&program));
        let line = Some(("src/bin/a.rs".to_owned(), 7));
        assert_eq!(caller, Caller { part: "", line });
    }
}
