//! One line of output: a flat JSON object.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::runtime::Handle;
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
        if let Some((now, still)) = clock() {
            line = line.number("now", now).flag("still", still);
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

    pub fn write(mut self) {
        if !super::recording() {
            return;
        }
        self.0.push_str("}\n");
        quiet::stir();
        let mut out = std::io::stdout().lock();
        // A program whose output is gone has nobody to report to.
        let _ = out.write_all(self.0.as_bytes());
        let _ = out.flush();
    }
}

/// Nanoseconds since the first event inside a runtime, and whether the clock stands still.
fn clock() -> Option<(u64, bool)> {
    static START: OnceLock<Instant> = OnceLock::new();
    Handle::try_current().ok()?;
    let now = Instant::now();
    let still = Instant::now() == now;
    let start = START.get_or_init(|| now);
    let since = u64::try_from(now.duration_since(*start).as_nanos()).unwrap_or(u64::MAX);
    Some((since, still))
}
