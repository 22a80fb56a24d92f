//! Reads back the lines of the probe from a program's output.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::probe::SIGN;

/// One thing that the output tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The probe heard something.
    Event(Event),
    /// The program printed this.
    Console(String),
}

/// One line of the probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where and when.
    pub head: Head,
    /// What.
    pub what: What,
}

/// What the probe adds to every event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// The thread, in the order in which threads first reported something.
    pub thread: u64,
    /// The task that was running there.
    pub by: Option<u64>,
    /// The runtime that it was inside of, in the order in which runtimes first reported something.
    pub runtime: Option<u64>,
    /// Nanoseconds since the first event inside that runtime.
    pub now: Option<u64>,
    /// Whether the clock stood still, as it does under paused time.
    #[serde(default)]
    pub still: bool,
}

/// What the probe heard.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
#[expect(missing_docs, reason = "the probe's own words, told in `probe`")]
pub enum What {
    /// A task was made.
    Spawn {
        task: u64,
        id: String,
        kind: String,
        name: String,
        file: String,
        line: usize,
        column: usize,
    },
    /// A task is being polled, or its future dropped.
    Enter { task: u64 },
    /// The poll or the drop is over.
    Exit {
        task: u64,
        wakers: u64,
        panics: bool,
    },
    /// A task's future is gone.
    Close { task: u64, from: String },
    /// A marked future is about to be polled for the first time.
    Reach {
        mark: u64,
        place: usize,
        future: String,
    },
    /// A marked future is polled, maybe within another.
    Look { mark: u64, within: Option<u64> },
    /// It is finished.
    Ready { mark: u64 },
    /// It is not; `spent` if the task's budget is.
    Pending { mark: u64, spent: bool },
    /// It is gone: dropped, or finished before.
    Leave { mark: u64 },
    /// A waker of a task was called.
    Wake {
        task: u64,
        from: String,
        #[serde(default)]
        file: String,
        line: Option<usize>,
    },
    /// A timer was set to go off after so many milliseconds.
    Deadline { after: u64, mark: Option<u64> },
    /// The program is about to print.
    Print { file: String, line: usize },
    /// The program is about to put its thread to sleep.
    Block { file: String, line: usize, ms: u64 },
    /// A `select!` takes the branch of this place.
    Taken { place: usize },
    /// The program is about to abort the task with Tokio's own id.
    Abort {
        id: String,
        file: String,
        line: usize,
    },
    /// Something panicked.
    Panic {
        file: String,
        line: usize,
        message: String,
    },
}

/// Splits a program's output into events and console text.
///
/// An event that the output ends inside of is left out: its program was stopped there.
pub fn read(output: &str) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let mut rest = output;
    while let Some(at) = rest.find(SIGN) {
        console(&mut items, &rest[..at]);
        let line = &rest[at + SIGN.len_utf8()..];
        let Some(end) = line.find('\n') else {
            return Ok(items);
        };
        let event = || -> serde_json::Result<Event> {
            Ok(Event {
                head: serde_json::from_str(&line[..end])?,
                what: serde_json::from_str(&line[..end])?,
            })
        };
        items.push(Item::Event(
            event().with_context(|| line[..end].to_owned())?,
        ));
        rest = &line[end + 1..];
    }
    console(&mut items, rest);
    Ok(items)
}

fn console(items: &mut Vec<Item>, text: &str) {
    if !text.is_empty() {
        items.push(Item::Console(text.to_owned()));
    }
}
