//! A group of tasks that ends as one: the first failure stops it, and nothing is left behind.
//!
//! Use it where a function starts tasks whose number is known only at run time and needs all
//! of them to succeed. For a fixed handful of futures, `try_join!` is enough.
//!
//! A group that has to stop *tells* its tasks, through their token, *waits* for `grace`, then
//! *aborts* what is left and waits for that as well. Groups nest: the token of one is the
//! parent of the next. Give an inner group the shorter grace, so that it has ended before the
//! outer one aborts its owner.
//!
//! From chapter 5, "Structured concurrency".

use std::any::Any;
use std::fmt;
use std::mem::take;
use std::panic::resume_unwind;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

// ANCHOR: group
/// Tasks with one owner. Dropping the group tells and aborts them, without waiting.
pub struct TaskGroup<T, E> {
    tasks: JoinSet<Result<T, E>>,
    stop: CancellationToken,
    grace: Duration,
    values: Vec<T>,
    errors: Vec<E>,
    panic: Option<Box<dyn Any + Send>>,
    aborted: usize,
}
// ANCHOR_END: group

// ANCHOR: spawn
impl<T: Send + 'static, E: Send + 'static> TaskGroup<T, E> {
    /// An empty group that stops at its first failure, or when `parent` is cancelled.
    /// Between being told to stop and being aborted, its tasks have `grace`.
    #[must_use]
    pub fn new(parent: &CancellationToken, grace: Duration) -> Self {
        Self {
            tasks: JoinSet::new(),
            stop: parent.child_token(),
            grace,
            values: Vec::new(),
            errors: Vec::new(),
            panic: None,
            aborted: 0,
        }
    }

    /// What tells the tasks to stop. Give it to those that have something to finish.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a task. Panics outside of a Tokio runtime.
    pub fn spawn(&mut self, task: impl Future<Output = Result<T, E>> + Send + 'static) {
        self.tasks.spawn(task);
    }
}
// ANCHOR_END: spawn

// ANCHOR: join
impl<T: Send + 'static, E: Send + 'static> TaskGroup<T, E> {
    /// Waits until all tasks have ended. Values come in the order in which they did.
    ///
    /// # Errors
    ///
    /// [`GroupError`] if a task failed or had to be aborted.
    ///
    /// # Panics
    ///
    /// With the first panic of a task, after all of them have ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future drops the group, and with it the values that have come in.
    pub async fn join(mut self) -> Result<Vec<T>, GroupError<E>> {
        let (stop, grace) = (self.stop.clone(), self.grace);
        let expired = async {
            stop.cancelled().await;
            sleep(grace).await;
        };
        tokio::select! {
            () = self.drain() => {}
            () = expired => {
                self.tasks.abort_all();
                self.drain().await;
            }
        }
        if let Some(panic) = self.panic.take() {
            resume_unwind(panic);
        }
        if self.errors.is_empty() && self.aborted == 0 {
            return Ok(take(&mut self.values));
        }
        let (errors, aborted) = (take(&mut self.errors), self.aborted);
        Err(GroupError { errors, aborted })
    }
}
// ANCHOR_END: join

// ANCHOR: drain
impl<T: 'static, E: 'static> TaskGroup<T, E> {
    /// Takes ends until no task is left. Dropping this future loses none of them.
    async fn drain(&mut self) {
        while let Some(end) = self.tasks.join_next().await {
            match end {
                Ok(Ok(value)) => {
                    self.values.push(value);
                    continue;
                }
                Ok(Err(error)) => self.errors.push(error),
                Err(end) => match end.try_into_panic() {
                    Ok(panic) => _ = self.panic.get_or_insert(panic),
                    Err(_aborted) => self.aborted += 1,
                },
            }
            self.stop.cancel();
        }
    }
}
// ANCHOR_END: drain

// ANCHOR: drop
impl<T, E> Drop for TaskGroup<T, E> {
    fn drop(&mut self) {
        // The set aborts its tasks. A blocking closure can only be told.
        self.stop.cancel();
    }
}
// ANCHOR_END: drop

// ANCHOR: error
/// What a group that did not succeed has to say.
#[derive(Debug, PartialEq, Eq)]
pub struct GroupError<E> {
    /// In the order in which the tasks failed.
    pub errors: Vec<E>,
    /// Tasks that were aborted, because they had not ended within the grace.
    pub aborted: usize,
}

/// All errors, since a log line often is all that is left of them.
impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} failed", self.errors.len())?;
        if self.aborted > 0 {
            write!(out, ", {} aborted", self.aborted)?;
        }
        for (at, error) in self.errors.iter().enumerate() {
            write!(out, "{} {error}", if at == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

/// Without a `source`: the errors are siblings, and a source would be one of them.
impl<E: fmt::Debug + fmt::Display> std::error::Error for GroupError<E> {}
// ANCHOR_END: error

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
