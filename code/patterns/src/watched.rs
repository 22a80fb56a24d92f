//! A board that shows every watched task, and where each one waits.
//!
//! Wrap a task's future with [`Board::watch`] and the awaits that may last with [`at`].
//! [`Board::report`] then tells of each task that has not ended how often it was polled,
//! whether it has its thread at this moment, and at which marked awaits it waits.
//! It takes no runtime to ask: a plain thread may, while all workers are stuck.
//!
//! Cost: a short lock that is rarely contended for each poll, and for each marked await that
//! has to wait. An await that isn't marked, and a task that isn't watched, can't be seen.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

// ANCHOR: status
/// What the board knows of a task.
#[derive(Debug, Clone)]
pub struct Status {
    /// The name that the task was given; several may bear the same.
    pub name: String,
    /// How often it has been polled. Fast growth without progress means that it spins.
    pub polls: u64,
    /// Whether it is being polled at this moment, and so has a thread for itself.
    pub running: bool,
    /// The marked awaits where it waits, an inner one before the outer one.
    pub places: Vec<Place>,
}

/// A marked await that did not return at once.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// What [`at`] was given.
    pub label: &'static str,
    /// Where `at` was called.
    pub line: &'static Location<'static>,
    /// When it began to wait, on the clock of the runtime.
    pub since: Instant,
}
// ANCHOR_END: status

impl Place {
    /// For how long the task has waited here. Ask on the runtime if its clock is paused.
    pub fn waited(&self) -> Duration {
        self.since.elapsed()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, poll {}: ", self.name, self.polls)?;
        if self.running {
            return f.write_str("runs");
        }
        match self.places.as_slice() {
            [] => f.write_str("at no marked await"),
            [first, outer @ ..] => {
                write!(f, "waits at {}, line {}", first.label, first.line.line())?;
                outer.iter().try_for_each(|place| {
                    write!(f, "; {}, line {}", place.label, place.line.line())
                })
            }
        }
    }
}

// ANCHOR: board
/// All watched tasks that have not ended. Clones show the same tasks.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<Mutex<BTreeMap<u64, Shared>>>);

type Shared = Arc<Mutex<Status>>;

tokio::task_local! {
    /// The status of the task that is being polled.
    static CURRENT: Shared;
}

impl Board {
    /// A future that does what `future` does, and is on the board until it is dropped.
    ///
    /// It is entered now, not at its first poll. As cancel safe as `future`.
    pub fn watch<F: Future>(
        &self,
        name: &str,
        future: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        let status = Arc::new(Mutex::new(Status {
            name: name.to_string(),
            polls: 0,
            running: false,
            places: Vec::new(),
        }));
        let entry = Entry::add(self, Arc::clone(&status));
        CURRENT.scope(Arc::clone(&status), async move {
            let (_entry, mut future) = (entry, pin!(future));
            poll_fn(|cx| {
                let mut before = lock(&status);
                before.polls += 1;
                before.running = true;
                drop(before);
                let poll = future.as_mut().poll(cx);
                lock(&status).running = false;
                poll
            })
            .await
        })
    }

    /// What each watched task does now, the oldest first.
    pub fn report(&self) -> Vec<Status> {
        lock(&self.0)
            .values()
            .map(|status| lock(status).clone())
            .collect()
    }
}

/// A future that does what `future` does, and tells the board where its task waits.
///
/// Outside of a watched task it does nothing else. As cancel safe as `future`.
#[track_caller]
pub fn at<F: Future>(label: &'static str, future: F) -> impl Future<Output = F::Output> {
    let line = Location::caller();
    async move {
        let (mut future, mut mark) = (pin!(future), None);
        poll_fn(|cx| {
            let poll = future.as_mut().poll(cx);
            if poll.is_pending() && mark.is_none() {
                mark = Mark::set(label, line);
            }
            poll
        })
        .await
    }
}
// ANCHOR_END: board

/// A mark on the status of a task, which goes with the wait.
struct Mark(Shared, Instant, &'static Location<'static>);

impl Mark {
    fn set(label: &'static str, line: &'static Location<'static>) -> Option<Mark> {
        let status = CURRENT.try_with(Arc::clone).ok()?;
        let since = Instant::now();
        lock(&status).places.push(Place { label, line, since });
        Some(Mark(status, since, line))
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let places = &mut lock(&self.0).places;
        let same = |place: &Place| place.since == self.1 && place.line == self.2;
        if let Some(index) = places.iter().position(same) {
            places.remove(index);
        }
    }
}

/// A task's place on the board, which goes with its future.
struct Entry(Board, u64);

impl Entry {
    fn add(board: &Board, status: Shared) -> Entry {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        lock(&board.0).insert(id, status);
        Entry(board.clone(), id)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        lock(&self.0.0).remove(&self.1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("no code of others runs under this lock")
}

#[cfg(test)]
mod tests;
