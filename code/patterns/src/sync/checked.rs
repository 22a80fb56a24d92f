//! Stand-ins that loom watches.
//!
//! The mutex is loom's. `Notify` is Tokio's own, with a point before every call where loom may let
//! another thread go first. So the calls are taken as whole steps, and what is checked is the order
//! in which the pattern takes them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};
pub(crate) use loom::sync::{Mutex, MutexGuard};

/// How often a thread may be held up where it could have gone on.
const PREEMPTIONS: usize = 3;

/// Runs `check` once for each order that its threads can run in, with at most [`PREEMPTIONS`].
/// A task that waits for a wake-up that doesn't come is a deadlock, which loom reports.
pub(crate) fn every_order(check: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(PREEMPTIONS);
    model.check(check);
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
        let woken = std::mem::take(&mut *self.woken.lock().expect("no panic"));
        woken.iter().for_each(|later| later.waker.wake_by_ref());
        done
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

#[derive(Debug)]
pub(crate) struct Notify {
    inner: tokio::sync::Notify,
    point: Point,
}

impl Notify {
    pub(crate) fn new() -> Notify {
        Notify {
            inner: tokio::sync::Notify::new(),
            point: Point::default(),
        }
    }

    pub(crate) fn notify_one(&self) {
        self.point.step(|| self.inner.notify_one());
    }

    pub(crate) fn notify_waiters(&self) {
        self.point.step(|| self.inner.notify_waiters());
    }

    pub(crate) fn notified(&self) -> Notified<'_> {
        Notified {
            inner: Some(Box::pin(self.inner.notified())),
            point: &self.point,
            waker: None,
        }
    }
}

pub(crate) struct Notified<'a> {
    inner: Option<Pin<Box<tokio::sync::futures::Notified<'a>>>>,
    point: &'a Point,
    waker: Option<Waker>,
}

impl Notified<'_> {
    pub(crate) fn enable(mut self: Pin<&mut Self>) -> bool {
        let point = self.point;
        let inner = self.inner.as_mut().expect("it lives");
        point.step(|| inner.as_mut().enable())
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
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

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        let inner = self.inner.take();
        self.point.step(|| drop(inner));
    }
}
