//! An executor in std Rust: tasks, a queue, a time driver and an I/O driver.
//!
//! One file a part, in the order in which chapter 2 adds them:
//! [`task`], [`timer`], [`io`].

pub mod io;
pub mod task;
pub mod timer;

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use io::Sockets;
use task::Task;
use timer::{Sleep, Timers};

// ANCHOR: handle
/// The executor as its tasks see it.
#[derive(Clone)]
pub struct Handle {
    queue: Sender<Arc<Task>>,
    timers: Arc<Timers>,
    sockets: Arc<Sockets>,
}

impl Handle {
    /// Starts a task.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        Task::spawn(future, self.queue.clone());
    }

    /// Waits for `duration`.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(duration, Arc::clone(&self.timers))
    }

    /// What the tasks wait for on their sockets.
    pub fn sockets(&self) -> &Sockets {
        &self.sockets
    }
}
// ANCHOR_END: handle

// ANCHOR: run
/// After so many polls the drivers get their turn, however long the queue is.
const POLLS_IN_A_ROW: usize = 61;

/// Runs what `first` returns, and all that it spawns, until no task is left.
pub fn run<F>(first: impl FnOnce(Handle) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (queue, ready) = mpsc::channel();
    let timers = Arc::new(Timers::default());
    let sockets = Arc::new(Sockets::default());
    let handle = Handle {
        queue: queue.clone(),
        timers: Arc::clone(&timers),
        sockets: Arc::clone(&sockets),
    };
    Task::spawn(first(handle), queue);

    loop {
        for task in ready.try_iter().take(POLLS_IN_A_ROW) {
            task.poll();
        }
        timers.wake_expired();
        sockets.wake_if_due();
        let nap = timers.until_next().min(sockets.until_next());
        match ready.recv_timeout(nap) {
            Ok(task) => task.poll(),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
// ANCHOR_END: run
