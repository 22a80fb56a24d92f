//! Names of queues, tasks, schedules and workers.
//!
//! A name checks itself when it is made, so that no later layer has to:
//! one that exists is safe inside a Redis key, a URL and a log line.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::invalid::Invalid;

/// The longest name, in bytes.
pub const NAME_LIMIT: usize = 64;

/// Names a queue.
pub type QueueName = Name<0>;
/// Names the handler that runs a job.
pub type TaskName = Name<1>;
/// Names a schedule that enqueues jobs.
pub type ScheduleName = Name<2>;
/// Names one process that claims jobs. Made anew at each start: after a crash the leases of the
/// old instance run out, whatever the new one is called.
pub type WorkerId = Name<3>;

/// How error messages call each kind.
const KINDS: [&str; 4] = ["queue name", "task name", "schedule name", "worker id"];

/// 1 to 64 letters, digits, `.`, `_` or `-`, of which the first is a letter or a digit.
/// `KIND` keeps a task's name from being taken for a queue's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name<const KIND: usize>(String);

impl<const KIND: usize> Name<KIND> {
    /// Checks the name.
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        match fault(&text) {
            Some(reason) => Err(Invalid::new(KINDS[KIND], reason)),
            None => Ok(Self(text)),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl WorkerId {
    /// An id that no other process has, beginning with a name that people recognize (a host, say).
    /// Characters that a name may not have are left out, and what is too long is cut.
    pub fn unique(name: &str) -> Self {
        let name: String = name.chars().filter(|&c| is_name_char(c)).take(31).collect();
        let name = name.trim_start_matches(['.', '_', '-']);
        let instance = Uuid::new_v4().simple();
        match name {
            "" => Self(instance.to_string()),
            name => Self(format!("{name}-{instance}")),
        }
    }
}

impl<const KIND: usize> TryFrom<String> for Name<KIND> {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

impl<const KIND: usize> FromStr for Name<KIND> {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

impl<const KIND: usize> fmt::Display for Name<KIND> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a name, if anything.
fn fault(text: &str) -> Option<String> {
    if text.len() > NAME_LIMIT {
        let (length, start) = (text.len(), cut(text));
        let reason = format!("{start:?} has {length} bytes, the limit is {NAME_LIMIT}");
        return Some(reason);
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
    &text[..text.floor_char_boundary(80)]
}
