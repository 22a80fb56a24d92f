//! The attempts of a job that did not complete, one JSON object a line: both stores keep this text.

use crate::job::Timestamp;
use crate::name::WorkerId;

use super::{Attempt, AttemptEnd, JobState};

/// A job that is retried forever does not grow: the last attempts tell enough.
pub(crate) const KEPT: usize = 20;

/// Adds an attempt at the end, and drops the oldest of too many.
pub(crate) fn append(history: &str, attempt: &Attempt) -> String {
    let line = serde_json::to_string(attempt).unwrap_or_default();
    let mut lines: Vec<&str> = history.lines().chain([line.as_str()]).collect();
    lines.drain(..lines.len().saturating_sub(KEPT));
    lines.join("\n")
}

/// Reads the text, and adds the attempt that runs, or that ended well.
pub(crate) fn read(history: &str, last: Option<Attempt>) -> Vec<Attempt> {
    let ended = history
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    ended.chain(last).collect()
}

/// The attempt that is not in the text: the one that runs, or the one that completed the job.
pub(crate) fn last(
    state: JobState,
    worker: Option<WorkerId>,
    started_at: Option<i64>,
    ended_at: Option<i64>,
) -> Option<Attempt> {
    let (end, ended_at) = match state {
        JobState::Running => (AttemptEnd::Running, None),
        JobState::Completed => (AttemptEnd::Completed, ended_at.map(Timestamp)),
        _ => return None,
    };
    Some(Attempt {
        worker: worker?,
        started_at: Timestamp(started_at?),
        ended_at,
        end,
        error: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(at: i64) -> Attempt {
        Attempt {
            worker: WorkerId::new("w").unwrap(),
            started_at: Timestamp(at),
            ended_at: Some(Timestamp(at + 1)),
            end: AttemptEnd::Lost,
            error: Some("two\nlines \u{1F980} \"quoted\"".to_owned()),
        }
    }

    #[test]
    fn the_last_twenty_attempts_are_kept_in_order() {
        let text = (0..50).fold(String::new(), |text, at| append(&text, &lost(at)));
        let expected: Vec<_> = (30..50).map(lost).collect();
        assert_eq!(read(&text, None), expected);
    }
}
