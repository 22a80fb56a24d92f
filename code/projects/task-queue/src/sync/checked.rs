//! Stand-ins that loom watches, and the two ways to run a test with them.
//!
//! The mutex is loom's. `Notify` and `watch` are Tokio's own (which Tokio checks with loom itself), with a
//! point before every call where loom may let another thread go first. So the calls are taken as whole
//! steps, and what is checked is the order in which this crate takes them.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread::{self, JoinHandle};
use tokio::runtime::{Builder, Runtime};

pub(crate) use loom::sync::{Mutex, MutexGuard};

/// In words of eight bytes: unoptimized futures need more than loom gives a thread.
const STACK: usize = 64 * 1024;

/// How often a thread may be held up where it could have gone on. Lost wake-ups and counts that go wrong show
/// with one or two; without a bound, three threads take minutes.
const PREEMPTIONS: usize = 3;

/// Runs `check` once for each order that its threads can run in, with at most [`PREEMPTIONS`].
///
/// The clock stands still, so that a timeout never ends: code that misses a signal and would be helped by its next
/// look waits for ever here, and loom reports the deadlock.
pub(crate) fn every_order(check: impl Fn() + Send + Sync + 'static) {
    let runtime = paused();
    let _entered = runtime.enter();
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(PREEMPTIONS);
    model.check(check);
}

/// Runs `check` in one thread, on a clock that leaps to the next timer.
pub(crate) fn on_paused_clock(check: impl AsyncFn() + Send + Sync + 'static) {
    let (runtime, check) = (Arc::new(paused()), Arc::new(check));
    loom::model(move || {
        let (runtime, check) = (Arc::clone(&runtime), Arc::clone(&check));
        spawn(move || runtime.block_on(check())).join().unwrap();
    });
}

/// A thread that loom watches.
pub(crate) fn spawn<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let thread = thread::Builder::new().stack_size(STACK);
    thread.spawn(run).unwrap()
}

/// A thread that loom watches, with one task.
pub(crate) fn spawn_task<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    spawn(|| loom::future::block_on(task))
}

fn paused() -> Runtime {
    let mut runtime = Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap()
}

/// Where loom may let another thread go first. What follows is one step: whom it wakes runs after it.
#[derive(Debug, Default)]
struct Point {
    /// Loom tries all orders of threads that write the same place.
    place: AtomicUsize,
    woken: Woken,
}

/// The standard library's mutex, which loom does not see.
type Woken = Arc<std::sync::Mutex<Vec<Arc<Later>>>>;

impl Point {
    fn step<T>(&self, step: impl FnOnce() -> T) -> T {
        if !std::thread::panicking() {
            self.place.fetch_add(1, Ordering::AcqRel);
        }
        let done = step();
        let woken = std::mem::take(&mut *self.woken.lock().unwrap());
        woken.iter().for_each(|later| later.waker.wake_by_ref());
        done
    }

    /// Each poll is a step.
    async fn steps<F: Future>(&self, future: F) -> F::Output {
        // Declared first, so that it is dropped last, outside of the locks of Tokio.
        let mut waker: Option<Waker> = None;
        let mut future = pin!(future);
        poll_fn(|context| {
            let waker = waker.get_or_insert_with(|| {
                Waker::from(Arc::new(Later {
                    waker: context.waker().clone(),
                    woken: Arc::clone(&self.woken),
                }))
            });
            let mut context = Context::from_waker(waker);
            self.step(|| future.as_mut().poll(&mut context))
        })
        .await
    }
}

/// Wakes its task when the present step is over.
#[derive(Debug)]
struct Later {
    waker: Waker,
    woken: Woken,
}

impl Wake for Later {
    fn wake(self: Arc<Self>) {
        self.woken.lock().unwrap().push(Arc::clone(&self));
    }
}

pub(crate) struct Notify {
    inner: tokio::sync::Notify,
    point: Point,
}

impl Notify {
    pub(crate) fn new() -> Self {
        Self {
            inner: tokio::sync::Notify::new(),
            point: Point::default(),
        }
    }

    pub(crate) fn notify_one(&self) {
        self.point.step(|| self.inner.notify_one());
    }

    pub(crate) async fn notified(&self) {
        self.point.steps(self.inner.notified()).await;
    }
}

pub(crate) mod watch {
    use super::*;
    use tokio::sync::watch;

    pub(crate) struct Sender<T> {
        inner: watch::Sender<T>,
        point: Arc<Point>,
    }

    #[derive(Clone, Debug)]
    pub struct Receiver<T> {
        inner: watch::Receiver<T>,
        point: Arc<Point>,
    }

    impl<T> Sender<T> {
        pub(crate) fn new(value: T) -> Self {
            Self {
                inner: watch::Sender::new(value),
                point: Arc::default(),
            }
        }

        pub(crate) fn subscribe(&self) -> Receiver<T> {
            Receiver {
                inner: self.point.step(|| self.inner.subscribe()),
                point: Arc::clone(&self.point),
            }
        }

        pub(crate) fn send_modify(&self, modify: impl FnOnce(&mut T)) {
            self.point.step(|| self.inner.send_modify(modify));
        }

        pub(crate) fn send_replace(&self, value: T) -> T {
            self.point.step(|| self.inner.send_replace(value))
        }

        pub(crate) fn receiver_count(&self) -> usize {
            self.point.step(|| self.inner.receiver_count())
        }
    }

    impl<T> Receiver<T> {
        pub(crate) async fn changed(&mut self) -> Result<(), watch::error::RecvError> {
            self.point.steps(self.inner.changed()).await
        }

        /// Without the value, whose guard would lock out threads that loom lets go on.
        pub(crate) fn borrow_and_update(&mut self) {
            self.point.step(|| drop(self.inner.borrow_and_update()));
        }
    }

    impl<T> Drop for Receiver<T> {
        fn drop(&mut self) {
            self.point.step(|| {});
        }
    }
}
