//! Finds what a dropped future leaves behind, by dropping it everywhere it can be dropped.
//!
//! You want it for a function that waits in the middle of a change: it moves money, answers a
//! request, puts bytes together. A scenario sets the stage, runs that function through a [`Cut`],
//! and asserts what must hold afterwards, whether the function finished or not. The scenario is
//! run once for each moment at which a future can end:
//!
//! - before its first poll,
//! - at each poll that answers `Pending`, at once: *asleep*,
//! - after each such poll, when its task has been woken and would poll it again: *woken*,
//! - and once to its end, uncut.
//!
//! *Woken* is what `select!` does to a branch whose rival is ready at the same time. It finds what
//! *asleep* cannot: a wake-up, a permit or a message that was handed over and not picked up.
//!
//! Each run has a runtime of its own: one thread, all drivers, a paused clock. Tasks that the
//! scenario spawns and timers that it sets go on between the polls, and during its assertions.
//! A paused clock leaps while all tasks wait, so a scenario that waits for a thread or a socket
//! begins with [`tokio::time::resume`].
//!
//! Points are counted in polls, not in `.await`s: an `.await` in a loop has as many points as
//! polls that had to wait, and one that is ready at once has none.
//!
//! Source: the definition in the documentation of
//! [`tokio::select!`](https://docs.rs/tokio/1.54.1/tokio/macro.select.html#cancellation-safety),
//! "it must be a no-op to drop that future and recreate it".

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::time::timeout;

/// Virtual, so a scenario that hangs is found at once.
const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The work grows with its square, and a future that waits so often is a loop without an end.
const MOST_POINTS: usize = if cfg!(test) { 100 } else { 1_000 };

// ANCHOR: driver
/// Runs `scenario` once for each moment at which the future in it can be dropped.
///
/// Returns at how many points the future waited when nothing cut it. Assert
/// that number, or at least that it is not 0: the test of a future that never
/// waits proves nothing.
///
/// # Panics
///
/// When the scenario panics, with the moment and the scenario's own message.
/// Also when the scenario ignores its `Cut`, waits for a year of virtual time,
/// or runs a future that has not ended after 1,000 points.
///
/// # Examples
///
/// ```
/// use patterns::cancel_at_every_await::cancel_at_every_await;
/// use tokio::sync::mpsc;
///
/// // `recv` may be dropped anywhere: the message stays in the channel.
/// let points = cancel_at_every_await(async |cut| {
///     let (sender, mut messages) = mpsc::channel(1);
///     tokio::spawn(async move { sender.send("hello").await });
///
///     let message = match cut.run(messages.recv()).await {
///         Some(message) => message,
///         None => messages.recv().await, // It was dropped: ask again.
///     };
///     assert_eq!(message, Some("hello"));
/// });
/// assert_eq!(points, 1);
/// ```
#[track_caller]
pub fn cancel_at_every_await(scenario: impl AsyncFn(Cut)) -> usize {
    run(&scenario, Moment::BeforeFirstPoll);
    for point in 1..=MOST_POINTS {
        match run(&scenario, Moment::Asleep(point)) {
            End::Finished => return point - 1,
            End::Dropped => run(&scenario, Moment::Woken(point)),
        };
    }
    panic!("the future has not ended after {MOST_POINTS} points: give its loop an end");
}
// ANCHOR_END: driver

// ANCHOR: cut
/// The right to run one future, up to a moment that the driver has chosen.
pub struct Cut {
    moment: Moment,
    end: Rc<Cell<Option<End>>>,
}

impl Cut {
    /// Runs `future` and returns its output, or drops it at the chosen
    /// moment and returns `None`.
    ///
    /// When this returns, the future is gone, with all that it owned. What it
    /// borrowed is still there to be looked at, or for a second call.
    pub async fn run<F: Future>(self, future: F) -> Option<F::Output> {
        let mut future = Box::pin(future);
        let mut waits = 0;
        let output = poll_fn(|context| {
            let dropped = match self.moment {
                Moment::BeforeFirstPoll => true,
                Moment::Asleep(_) => false,
                Moment::Woken(point) => waits == point,
            };
            if dropped {
                return Poll::Ready(None);
            }
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            waits += 1;
            match self.moment {
                Moment::Asleep(point) if waits == point => Poll::Ready(None),
                _ => Poll::Pending,
            }
        })
        .await;
        drop(future);
        self.end.set(Some(match output {
            Some(_) => End::Finished,
            None => End::Dropped,
        }));
        output
    }
}
// ANCHOR_END: cut

#[derive(Clone, Copy)]
enum Moment {
    BeforeFirstPoll,
    /// At once after the poll that waits for the nth time.
    Asleep(usize),
    /// Instead of the poll that follows the nth wait.
    Woken(usize),
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeforeFirstPoll => write!(formatter, "before its first poll"),
            Self::Asleep(point) => write!(formatter, "asleep at point {point}"),
            Self::Woken(point) => write!(formatter, "woken at point {point}"),
        }
    }
}

#[derive(Clone, Copy)]
enum End {
    Finished,
    Dropped,
}

#[track_caller]
fn run(scenario: &impl AsyncFn(Cut), moment: Moment) -> End {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("the system has room for a runtime");
    let end = Rc::new(Cell::new(None));
    let cut = Cut {
        moment,
        end: Rc::clone(&end),
    };
    // The scenario and its runtime are not used again after a panic.
    let result = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async { timeout(PATIENCE, scenario(cut)).await })
    }));
    match result {
        Ok(Ok(())) => end
            .get()
            .expect("a scenario runs its future: `cut.run(future).await`"),
        Ok(Err(_)) => panic!("future dropped {moment}: the scenario hangs"),
        Err(panic) => panic!("future dropped {moment}: {}", message(&*panic)),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
}

#[cfg(test)]
mod methods;
#[cfg(test)]
mod tests;
