//! Wrong: asks every future whenever one of them was woken.

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
        self.woken.store(true, Ordering::Release);
        self.executor.unpark();
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

    while !running.is_empty() {
        let raised = |(flag, _): &(Arc<Flag>, BoxFuture)| flag.woken.swap(false, Ordering::AcqRel);
        if !running.iter().any(raised) {
            thread::park();
            continue;
        }
        running.retain_mut(|(flag, future)| {
            let waker = Waker::from(Arc::clone(flag));
            let mut context = Context::from_waker(&waker);
            future.as_mut().poll(&mut context).is_pending()
        });
    }
}

fn main() {}

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
