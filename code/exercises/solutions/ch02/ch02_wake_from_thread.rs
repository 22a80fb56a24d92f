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
        if let Some(waker) = job.waker.take() {
            waker.wake();
        }
    });

    poll_fn(move |context| {
        let mut job = job.lock().unwrap();
        match job.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                job.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    })
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::time::Duration;
    use tokio::time::timeout;

    const PATIENCE: Duration = Duration::from_secs(5);

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test]
    async fn returns_what_the_thread_computed() {
        let answer = timeout(PATIENCE, compute(|| 6 * 7)).await;
        assert_eq!(answer.expect("nobody woke the task"), 42);
    }

    #[tokio::test]
    async fn finds_a_result_that_came_first() {
        let early = compute(|| "early");
        thread::sleep(Duration::from_millis(50));
        let answer = timeout(PATIENCE, early).await;
        assert_eq!(answer.expect("the result was there"), "early");
    }

    #[tokio::test]
    async fn is_polled_twice_while_the_thread_takes_its_time() {
        let mut slow = pin!(compute(|| thread::sleep(Duration::from_millis(50))));
        let mut polls = 0;
        let counted = poll_fn(|context| {
            polls += 1;
            slow.as_mut().poll(context)
        });
        timeout(PATIENCE, counted)
            .await
            .expect("nobody woke the task");
        assert_eq!(polls, 2);
    }
}
