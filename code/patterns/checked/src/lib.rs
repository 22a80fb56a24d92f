//! Stand-ins that [loom] watches: tests put them in the place of what ships.
//!
//! The mutex is loom's. [`Notify`] and [`watch`] are Tokio's own (which Tokio checks with loom
//! itself), with a [`Point`] before every call where loom may let another thread go first. So the
//! calls are taken as whole steps, and what is checked is the order in which the code under test
//! takes them.
//!
//! [loom]: https://docs.rs/loom/0.7.3/loom/

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};
pub use loom::sync::{Mutex, MutexGuard};
use loom::thread::{self, JoinHandle};

pub mod watch;

/// In words of eight bytes: unoptimized futures need more than loom gives a thread.
const STACK: usize = 64 * 1024;
/// How often a thread may be held up where it could have gone on. Lost wake-ups and counts that go
/// wrong show with one or two; without a bound, three threads take minutes.
const PREEMPTIONS: usize = 3;

/// Runs `check` once for each order that its threads can run in, with at most three preemptions.
///
/// # Panics
///
/// If `check` does in one of the orders, or if a task waits for a wake-up that doesn't come, which
/// loom reports as a deadlock.
pub fn every_order(check: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(PREEMPTIONS);
    model.check(check);
}

/// A thread that loom watches.
///
/// # Panics
///
/// Outside of a check.
pub fn spawn<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let thread = thread::Builder::new().stack_size(STACK);
    thread
        .spawn(run)
        .expect("loom has as many as a check needs")
}

/// A thread that loom watches, with one task.
pub fn spawn_task<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    spawn(|| loom::future::block_on(task))
}

/// Where loom may let another thread go first. What follows is one step: whom it wakes runs after it.
#[derive(Debug, Default)]
pub struct Point {
    /// Loom tries all orders of threads that write the same place.
    place: AtomicUsize,
    woken: Woken,
}

/// The standard library's mutex, which loom does not see.
type Woken = Arc<std::sync::Mutex<Vec<Arc<Later>>>>;

impl Point {
    /// Takes a call of Tokio's as one step.
    ///
    /// # Panics
    ///
    /// If `step` does.
    pub fn step<T>(&self, step: impl FnOnce() -> T) -> T {
        if !std::thread::panicking() {
            self.place.fetch_add(1, Ordering::AcqRel);
        }
        let done = step();
        let woken = std::mem::take(&mut *self.woken.lock().expect("no panic"));
        woken.iter().for_each(|later| later.waker.wake_by_ref());
        done
    }

    /// Takes each poll of a future of Tokio's as one step, and its end.
    pub fn steps<F: Future>(&self, future: F) -> Steps<'_, F> {
        Steps {
            inner: Some(Box::pin(future)),
            point: self,
            waker: None,
        }
    }
}

/// What [`Point::steps`] gives.
#[derive(Debug)]
pub struct Steps<'a, F> {
    /// Gone once this is dropped: before the waker, which is dropped outside of Tokio's locks.
    inner: Option<Pin<Box<F>>>,
    point: &'a Point,
    waker: Option<Waker>,
}

impl<F: Future> Future for Steps<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let waker = this.waker.get_or_insert_with(|| {
            Waker::from(Arc::new(Later {
                waker: context.waker().clone(),
                woken: Arc::clone(&this.point.woken),
            }))
        });
        let inner = this.inner.as_mut().expect("it lives").as_mut();
        this.point
            .step(|| inner.poll(&mut Context::from_waker(waker)))
    }
}

impl<F> Drop for Steps<'_, F> {
    fn drop(&mut self) {
        let inner = self.inner.take();
        self.point.step(|| drop(inner));
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
        let mut woken = self.woken.lock().expect("no panic");
        woken.push(Arc::clone(&self));
    }
}

/// Tokio's `Notify`, with a [`Point`] before every call.
#[derive(Debug, Default)]
pub struct Notify {
    inner: tokio::sync::Notify,
    point: Point,
}

impl Notify {
    /// See [`tokio::sync::Notify::new`].
    pub fn new() -> Notify {
        Notify::default()
    }

    /// See [`tokio::sync::Notify::notify_one`].
    pub fn notify_one(&self) {
        self.point.step(|| self.inner.notify_one());
    }

    /// See [`tokio::sync::Notify::notify_waiters`].
    pub fn notify_waiters(&self) {
        self.point.step(|| self.inner.notify_waiters());
    }

    /// See [`tokio::sync::Notify::notified`].
    pub fn notified(&self) -> Notified<'_> {
        self.point.steps(self.inner.notified())
    }
}

/// What [`Notify::notified`] gives.
pub type Notified<'a> = Steps<'a, tokio::sync::futures::Notified<'a>>;

impl Notified<'_> {
    /// See [`tokio::sync::futures::Notified::enable`].
    pub fn enable(mut self: Pin<&mut Self>) -> bool {
        let point = self.point;
        let inner = self.inner.as_mut().expect("it lives");
        point.step(|| inner.as_mut().enable())
    }
}
