//! Names of queues, tasks, schedules and workers.
//!
//! A name checks itself when it is made, so that no later layer has to:
//! one that exists is safe inside a Redis key, a URL and a log line.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::invalid::Invalid;

/// The longest name, in bytes.
pub const NAME_LIMIT: usize = 64;

/// Names a queue.
pub type QueueName = Name<Queue>;
/// Names the handler that runs a job.
pub type TaskName = Name<Task>;
/// Names a schedule that enqueues jobs.
pub type ScheduleName = Name<Schedule>;
/// Names one process that claims jobs. Made anew at each start: after a crash the leases of the
/// old instance run out, whatever the new one is called.
pub type WorkerId = Name<Worker>;

/// 1 to 64 letters, digits, `.`, `_` or `-`, of which the first is a letter or a digit.
/// `K` keeps a task's name from being taken for a queue's.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(
    try_from = "String",
    into = "String",
    bound(serialize = "K: Kind", deserialize = "K: Kind")
)]
pub struct Name<K> {
    text: String,
    kind: PhantomData<K>,
}

/// What a name names.
pub trait Kind: Clone {
    /// How error messages call it.
    const WHAT: &'static str;
}

/// The kind of a [`QueueName`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {}
/// The kind of a [`TaskName`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Task {}
/// The kind of a [`ScheduleName`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Schedule {}
/// The kind of a [`WorkerId`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Worker {}

impl Kind for Queue {
    const WHAT: &'static str = "queue name";
}
impl Kind for Task {
    const WHAT: &'static str = "task name";
}
impl Kind for Schedule {
    const WHAT: &'static str = "schedule name";
}
impl Kind for Worker {
    const WHAT: &'static str = "worker id";
}

impl<K: Kind> Name<K> {
    /// Checks the name.
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        match fault(&text) {
            Some(reason) => Err(Invalid::new(K::WHAT, reason)),
            None => Ok(Self {
                text,
                kind: PhantomData,
            }),
        }
    }
}

impl WorkerId {
    /// An id that no other process has, beginning with a name that people recognize (a host, say).
    /// Characters that a name may not have are left out, and what is too long is cut.
    pub fn unique(name: &str) -> Self {
        let name: String = name.chars().filter(|&c| is_name_char(c)).take(31).collect();
        let name = name.trim_start_matches(['.', '_', '-']);
        let instance = Uuid::new_v4().simple();
        let text = if name.is_empty() {
            instance.to_string()
        } else {
            format!("{name}-{instance}")
        };
        Self {
            text,
            kind: PhantomData,
        }
    }
}

impl<K> Name<K> {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<K: Kind> TryFrom<String> for Name<K> {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

impl<K: Kind> FromStr for Name<K> {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

impl<K> From<Name<K>> for String {
    fn from(name: Name<K>) -> String {
        name.text
    }
}

impl<K> fmt::Display for Name<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K> fmt::Debug for Name<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// What is wrong with a name, if anything.
fn fault(text: &str) -> Option<String> {
    if text.len() > NAME_LIMIT {
        let length = text.len();
        return Some(format!(
            "{:?} has {length} bytes, the limit is {NAME_LIMIT}",
            cut(text)
        ));
    }
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some(format!("{text:?} does not begin with a letter or a digit"));
    }
    let bad = text.chars().find(|&c| !is_name_char(c))?;
    Some(format!(
        "{text:?} contains {bad:?}; use letters, digits, '.', '_' and '-'"
    ))
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// The beginning of a text that may be megabytes long, for an error message.
pub(crate) fn cut(text: &str) -> &str {
    text.char_indices()
        .nth(80)
        .map_or(text, |(end, _)| &text[..end])
}
