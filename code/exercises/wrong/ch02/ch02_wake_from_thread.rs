//! Wrong: wakes itself after every poll, and keeps a whole core busy with asking.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

struct Job<T> {
    result: Option<T>,
    waker: Option<Waker>,
}

/// Runs `work` on a thread of its own, from this call on.
fn compute<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = T> {
    let job = Arc::new(Mutex::new(Job {
        result: None,
        waker: None,
    }));

    let worker = Arc::clone(&job);
    thread::spawn(move || {
        let result = work();
        let mut job = worker.lock().unwrap();
        job.result = Some(result);
        let _ = job.waker.take();
    });

    poll_fn(move |context| {
        let mut job = job.lock().unwrap();
        match job.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    })
}

fn main() {}
