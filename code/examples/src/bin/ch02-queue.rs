//! Step 2 of an executor: many tasks, one thread, one queue of the ready ones.
//!
//! Run it: `cargo run -p examples --bin ch02-queue`

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

// ANCHOR: task
type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future, and the queue to join when someone wakes it.
struct Task {
    /// `None` once the future has finished.
    future: Mutex<Option<BoxFuture>>,
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
// ANCHOR_END: task

// ANCHOR: poll
impl Task {
    fn poll(self: Arc<Self>) {
        // First clear, then poll: a wake-up during the poll must count.
        self.queued.store(false, Ordering::Release);
        let waker = Waker::from(Arc::clone(&self));
        let mut context = Context::from_waker(&waker);

        let mut slot = self.future.lock().expect("no holder panics");
        if let Some(future) = slot.as_mut()
            && future.as_mut().poll(&mut context).is_ready()
        {
            *slot = None;
        }
    }
}
// ANCHOR_END: poll

// ANCHOR: executor
struct Executor {
    ready: Receiver<Arc<Task>>,
    queue: Sender<Arc<Task>>,
}

impl Executor {
    fn new() -> Self {
        let (queue, ready) = mpsc::channel();
        Self { ready, queue }
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let task = Task {
            future: Mutex::new(Some(Box::pin(future))),
            queued: AtomicBool::new(false),
            queue: self.queue.clone(),
        };
        Arc::new(task).wake();
    }

    /// Runs until no task is left that anyone could wake.
    fn run(self) {
        drop(self.queue);
        while let Ok(task) = self.ready.recv() {
            task.poll();
        }
    }
}
// ANCHOR_END: executor

// ANCHOR: yield_now
/// Lets every other ready task run first.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

fn main() {
    let executor = Executor::new();
    let (log, lines) = mpsc::channel();
    for task in 0..3 {
        let log = log.clone();
        executor.spawn(async move {
            log.send(format!("{task}a")).expect("main still listens");
            yield_now().await;
            log.send(format!("{task}b")).expect("main still listens");
        });
    }
    executor.run();

    drop(log);
    let lines: Vec<String> = lines.iter().collect();
    assert_eq!(lines, ["0a", "1a", "2a", "0b", "1b", "2b"]);
    println!("{}", lines.join(" "));
}
// ANCHOR_END: yield_now

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn three_wake_ups_before_a_poll_cost_one_poll() {
        let polls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&polls);
        let executor = Executor::new();
        executor.spawn(poll_fn(move |context| {
            for _ in 0..3 {
                context.waker().wake_by_ref();
            }
            match counter.fetch_add(1, Ordering::Relaxed) {
                0 => Poll::Pending,
                _ => Poll::Ready(()),
            }
        }));
        executor.run();
        assert_eq!(polls.load(Ordering::Relaxed), 2);
    }

    // ANCHOR: vanishes
    #[test]
    fn a_task_whose_waker_is_dropped_vanishes() {
        let (held, news) = mpsc::channel::<()>();
        let executor = Executor::new();
        executor.spawn(async move {
            let _held = held;
            std::future::pending().await
        });
        executor.run();
        assert!(news.recv().is_err());
    }
    // ANCHOR_END: vanishes

    #[test]
    fn main_shows_the_order() {
        main();
    }
}
