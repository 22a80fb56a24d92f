//! The I/O driver: a list of wakers, all called on every tick, because std has
//! no way to ask the kernel which socket is ready.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::sync::{Mutex, MutexGuard};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

// ANCHOR: sockets
/// The time between two looks at the sockets.
const TICK: Duration = Duration::from_millis(1);

/// The tasks that wait for a socket: which socket, this driver does not know.
#[derive(Default)]
pub struct Sockets(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: Vec<Waker>,
    next_look: Option<Instant>,
    ticks: usize,
    woken: usize,
}

impl Sockets {
    /// Repeats `operation`, once a tick, until it no longer says `WouldBlock`.
    pub async fn retry<T, F>(&self, mut operation: F) -> io::Result<T>
    where
        F: FnMut() -> io::Result<T>,
    {
        poll_fn(|context| match operation() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.register(context.waker());
                Poll::Pending
            }
            result => Poll::Ready(result),
        })
        .await
    }

    fn register(&self, waker: &Waker) {
        let mut state = self.state();
        state.waiting.push(waker.clone());
        state.next_look.get_or_insert_with(|| Instant::now() + TICK);
    }
}
// ANCHOR_END: sockets

// ANCHOR: turn
impl Sockets {
    /// Wakes every waiting task, if the tick is over.
    pub fn wake_if_due(&self) {
        if !self.until_next().is_zero() {
            return;
        }
        let mut state = self.state();
        state.next_look = None;
        state.ticks += 1;
        state.woken += state.waiting.len();
        let waiting = mem::take(&mut state.waiting);
        drop(state);
        for waker in waiting {
            waker.wake();
        }
    }

    /// How long the executor may sleep before the next look.
    pub fn until_next(&self) -> Duration {
        match self.state().next_look {
            Some(look) => look.saturating_duration_since(Instant::now()),
            None => Duration::MAX,
        }
    }
}
// ANCHOR_END: turn

impl Sockets {
    /// Ticks so far, and how many wake-ups they cost.
    pub fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.ticks, state.woken)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder panics")
    }
}
