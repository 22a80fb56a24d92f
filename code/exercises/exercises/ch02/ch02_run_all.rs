//! An executor without a queue: it owns a fixed list of futures and polls them on
//! its own thread.
//!
//! Each future has a `Flag`, which says whether someone woke it. Complete `wake`
//! and `run_all` so that all futures reach their ends, that a future is polled
//! only after its own wake-up (and once at the start), and that the thread sleeps
//! while none is woken.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};

type BoxFuture = Pin<Box<dyn Future<Output = ()>>>;

struct Flag {
    woken: AtomicBool,
    executor: Thread,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        // TODO: raise the flag, then wake the executor's thread.
        todo!()
    }
}

/// Polls the futures until each has finished.
fn run_all(futures: Vec<BoxFuture>) {
    let mut running: Vec<(Arc<Flag>, BoxFuture)> = futures
        .into_iter()
        .map(|future| {
            let flag = Flag {
                woken: AtomicBool::new(true),
                executor: thread::current(),
            };
            (Arc::new(flag), future)
        })
        .collect();

    // TODO: while futures are left, poll those whose flag is up, drop those that are
    // ready, and park when no flag was up.
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;
    use std::task::Poll;
    use std::time::Duration;

    /// Runs `work` on a thread, so that an executor that never ends fails its test.
    fn within_five_seconds(work: impl FnOnce() + Send + 'static) {
        let (done, ended) = mpsc::channel();
        thread::spawn(move || {
            work();
            let _ = done.send(());
        });
        ended
            .recv_timeout(Duration::from_secs(5))
            .expect("`run_all` panicked, or still runs after five seconds");
    }

    /// A future that yields `times` before it is ready, and counts its polls.
    fn yields(times: usize, polls: &Arc<AtomicUsize>) -> BoxFuture {
        let polls = Arc::clone(polls);
        Box::pin(poll_fn(move |context| {
            if polls.fetch_add(1, Ordering::Relaxed) == times {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }))
    }

    #[test]
    fn an_empty_list_is_done() {
        within_five_seconds(|| run_all(Vec::new()));
    }

    #[test]
    fn each_future_is_polled_after_its_own_wake_ups_only() {
        let counts = Arc::new([3, 0, 5].map(|times| (times, Arc::default())));
        let shared = Arc::clone(&counts);
        within_five_seconds(move || {
            let futures = shared.iter().map(|(times, polls)| yields(*times, polls));
            run_all(futures.collect());
        });
        for (times, polls) in counts.iter() {
            assert_eq!(polls.load(Ordering::Relaxed), times + 1);
        }
    }

    #[test]
    fn a_future_that_waits_for_a_thread_is_left_alone_until_then() {
        let polls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&polls);
        within_five_seconds(move || {
            let answered = Arc::new(AtomicBool::new(false));
            let quiet = poll_fn(move |context| {
                if counter.fetch_add(1, Ordering::Relaxed) == 0 {
                    let (answer, waker) = (Arc::clone(&answered), context.waker().clone());
                    thread::spawn(move || {
                        thread::sleep(Duration::from_millis(20));
                        answer.store(true, Ordering::Release);
                        waker.wake();
                    });
                }
                match answered.load(Ordering::Acquire) {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                }
            });
            run_all(vec![Box::pin(quiet), yields(10, &Arc::default())]);
        });
        let polls = polls.load(Ordering::Relaxed);
        assert_eq!(polls, 2, "woken once, so polled twice");
    }
}
