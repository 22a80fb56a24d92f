//! One line of output: a flat JSON object.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use tokio::runtime::{Handle, Id};
use tokio::time::Instant;

use super::{quiet, stack};

/// Begins every line of the probe: ASCII's record separator, which no program prints.
pub const SIGN: char = '\u{1e}';

thread_local! {
    /// The thread, in the order in which threads first report something.
    static THREAD: u32 = {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

/// A line that is being put together.
pub struct Line(String);

impl Line {
    /// A line that tells of an `event` here and now.
    pub fn new(event: &str) -> Self {
        let mut line = Line(format!("{SIGN}{{\"event\":\"{event}\""));
        line = line.number("thread", THREAD.try_with(|id| *id).unwrap_or(0).into());
        if let Some((task, _)) = stack::task() {
            line = line.number("by", task);
        }
        if let Some(clock) = clock() {
            line = line.number("runtime", clock.runtime);
            line = line.number("now", clock.now).flag("still", clock.still);
        }
        line
    }

    pub fn number(mut self, name: &str, value: u64) -> Self {
        let _ = write!(self.0, ",\"{name}\":{value}");
        self
    }

    pub fn maybe(self, name: &str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.number(name, value),
            None => self,
        }
    }

    pub fn flag(mut self, name: &str, value: bool) -> Self {
        let _ = write!(self.0, ",\"{name}\":{value}");
        self
    }

    pub fn text(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.0, ",\"{name}\":\"");
        for letter in value.chars() {
            match letter {
                '"' | '\\' => self.0.extend(['\\', letter]),
                letter if letter < ' ' => {
                    let _ = write!(self.0, "\\u{:04x}", letter as u32);
                }
                letter => self.0.push(letter),
            }
        }
        self.0.push('"');
        self
    }

    pub fn write(self) {
        with_text(self, "");
    }
}

/// Writes a line, and behind it what the program prints there.
pub fn with_text(mut line: Line, text: &str) {
    if !super::recording() {
        return;
    }
    line.0.push_str("}\n");
    quiet::stir();
    let mut out = std::io::stdout().lock();
    // A program whose output is gone has nobody to report to.
    let _ = out.write_all(line.0.as_bytes());
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// The clock of a runtime.
struct Clock {
    /// The runtime, in the order in which runtimes first report something.
    runtime: u64,
    /// Nanoseconds since its first event.
    now: u64,
    /// Whether it stands still.
    still: bool,
}

/// The clock of the runtime that this thread is inside of.
fn clock() -> Option<Clock> {
    static STARTS: LazyLock<Mutex<HashMap<Id, (u64, Instant)>>> = LazyLock::new(Mutex::default);
    let id = Handle::try_current().ok()?.id();
    let now = Instant::now();
    let still = Instant::now() == now;
    let mut starts = STARTS.lock().unwrap_or_else(PoisonError::into_inner);
    let next = starts.len() as u64;
    let (runtime, start) = *starts.entry(id).or_insert((next, now));
    let since = now.duration_since(start).as_nanos();
    Some(Clock {
        runtime,
        now: u64::try_from(since).unwrap_or(u64::MAX),
        still,
    })
}
