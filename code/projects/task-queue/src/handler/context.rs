//! What a handler gets besides its input.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::broker::{NOTE_LIMIT, Progress};
use crate::job::JobId;

/// What a handler knows of its job besides the input.
#[derive(Clone, Debug)]
pub struct Context {
    /// The job: the same in every attempt, so a good key for idempotency.
    pub job: JobId,
    /// 1 for the first attempt, one more after each failure.
    pub attempt: u32,
    /// The last attempt has this number.
    pub max_attempts: u32,
    /// The sender's trace context (`traceparent`), to hand on to whom the handler calls.
    pub trace: Option<String>,
    /// Fires when the handler should stop: the job was canceled or took too long, its lease is
    /// lost, or the worker shuts down. An async handler that has not stopped within the worker's
    /// grace is dropped at its next `.await`.
    pub stop: CancellationToken,
    pub(crate) progress: Arc<ProgressCell>,
}

/// Where a handler leaves its progress for the next heartbeat.
#[derive(Debug, Default)]
pub(crate) struct ProgressCell {
    /// What the broker has not been told yet.
    latest: Mutex<Option<Progress>>,
    /// Wakes the heartbeat loop.
    news: Arc<Notify>,
}

impl Context {
    /// Tells how far the job has come: `done` of `total` steps (0 if their number is not known).
    /// Costs a lock, so call it as often as you like: the broker hears the latest, at most twice a
    /// second. A note longer than 200 bytes is cut.
    pub fn report(&self, done: u64, total: u64, note: &str) {
        let note = note[..note.floor_char_boundary(NOTE_LIMIT)].to_owned();
        *self.progress.lock() = Some(Progress { done, total, note });
        self.progress.news.notify_one();
    }
}

impl ProgressCell {
    pub(crate) fn new(news: Arc<Notify>) -> Self {
        Self {
            latest: Mutex::default(),
            news,
        }
    }

    /// What to tell the broker, if there is news.
    pub(crate) fn take(&self) -> Option<Progress> {
        self.lock().take()
    }

    /// The broker could not be told: tell it next time, unless there is something newer.
    pub(crate) fn put_back(&self, progress: Progress) {
        self.lock().get_or_insert(progress);
    }

    pub(crate) fn has_news(&self) -> bool {
        self.lock().is_some()
    }

    /// A handler cannot panic while it holds the lock, so there is nothing to be poisoned by.
    fn lock(&self) -> MutexGuard<'_, Option<Progress>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn context() -> Context {
        Context {
            job: JobId::new(),
            attempt: 1,
            max_attempts: 5,
            trace: None,
            stop: CancellationToken::new(),
            progress: Arc::default(),
        }
    }

    #[test]
    fn a_long_note_is_cut_between_characters() {
        let context = context();
        context.report(1, 2, &"é".repeat(150));
        let told = context.progress.take().unwrap();
        assert_eq!(told.note, "é".repeat(100));
    }

    #[test]
    fn what_could_not_be_told_does_not_replace_newer_progress() {
        let progress = |done| Progress {
            done,
            total: 3,
            note: String::new(),
        };
        let cell = ProgressCell::default();
        cell.put_back(progress(1));
        cell.put_back(progress(0));
        assert_eq!(cell.take(), Some(progress(1)));
        assert!(!cell.has_news());
    }
}
