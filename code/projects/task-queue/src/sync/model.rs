//! The ways to run a test under loom, and `watch` as loom sees it: Tokio's own, with a point before every call.

use std::future::Future;
use std::sync::Arc;

use checked::Point;
use loom::thread::{self, JoinHandle};
use tokio::runtime::{Builder, Runtime};

/// In words of eight bytes: unoptimized futures need more than loom gives a thread.
const STACK: usize = 64 * 1024;

/// Runs `check` once for each order that takes at most three preemptions; see [`checked::every_order`].
///
/// The clock stands still, so that a timeout never ends: code that misses a signal and would be helped by its next
/// look waits for ever here, and loom reports the deadlock.
pub(crate) fn every_order(check: impl Fn() + Send + Sync + 'static) {
    let runtime = paused();
    let _entered = runtime.enter();
    checked::every_order(check);
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
