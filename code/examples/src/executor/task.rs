//! A task and its way back into the queue: what `src/bin/ch02-queue.rs` builds.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

/// A future, and the queue to join when someone wakes it.
pub struct Task {
    /// `None` once the future has finished.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    /// True from a wake-up until the poll that answers it.
    queued: AtomicBool,
    queue: Sender<Arc<Task>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            let queue = self.queue.clone();
            // Fails if the executor is gone; then nobody is left to poll.
            let _ = queue.send(self);
        }
    }
}

impl Task {
    /// Makes a task of `future` and queues it for its first poll.
    pub fn spawn<F>(future: F, queue: Sender<Arc<Task>>)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task = Self {
            future: Mutex::new(Some(Box::pin(future))),
            queued: AtomicBool::new(false),
            queue,
        };
        Arc::new(task).wake();
    }

    /// Polls the future once, unless it has finished.
    pub fn poll(self: Arc<Self>) {
        // First clear, then poll: a wake-up during the poll must count.
        self.queued.store(false, Ordering::Release);
        let waker = Waker::from(Arc::clone(&self));
        let mut context = Context::from_waker(&waker);

        let mut slot = self.future.lock().expect("no future panics");
        if let Some(future) = slot.as_mut()
            && future.as_mut().poll(&mut context).is_ready()
        {
            *slot = None;
        }
    }
}
