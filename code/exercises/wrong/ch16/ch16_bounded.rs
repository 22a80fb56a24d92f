//! Wrong: the permit belongs to the caller, and goes when the caller goes.

use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Does the blocking `work` on the pool, when there is a place for it.
async fn bounded(places: Arc<Semaphore>, work: impl FnOnce() -> u32 + Send + 'static) -> u32 {
    let _place = places.acquire().await.expect("not closed");
    spawn_blocking(work).await.expect("no panic")
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc as blocking;
    use tokio::sync::oneshot;
    use tokio::task::{JoinHandle, yield_now};

    /// Starts work that says when it has begun, and ends when it is told to.
    async fn begin(places: &Arc<Semaphore>) -> (JoinHandle<u32>, blocking::Sender<u32>) {
        let (started, has_started) = oneshot::channel();
        let (end, ended) = blocking::channel();
        let work = move || {
            started.send(()).expect("the test waits");
            ended.recv().expect("the test ends it")
        };
        let task = tokio::spawn(bounded(Arc::clone(places), work));
        has_started.await.expect("it begins");
        (task, end)
    }

    // `tokio::test` runs an async function, here on one thread, as a #[test]
    #[tokio::test]
    async fn the_result_comes_back_and_the_place_is_free_again() {
        let places = Arc::new(Semaphore::new(1));
        let (task, end) = begin(&places).await;
        end.send(7).unwrap();
        assert_eq!(task.await.unwrap(), 7);
        assert_eq!(bounded(Arc::clone(&places), || 8).await, 8);
    }

    #[tokio::test]
    async fn work_without_a_place_does_not_begin() {
        let places = Arc::new(Semaphore::new(1));
        let (first, end) = begin(&places).await;
        assert_eq!(places.available_permits(), 0, "it takes no place");
        let second = tokio::spawn(bounded(Arc::clone(&places), || 8));
        for _ in 0..100 {
            yield_now().await;
        }
        assert!(!second.is_finished());
        end.send(7).unwrap();
        assert_eq!(first.await.unwrap(), 7);
        assert_eq!(second.await.unwrap(), 8);
    }

    #[tokio::test]
    async fn work_whose_caller_gave_up_keeps_its_place() {
        let places = Arc::new(Semaphore::new(1));
        let (task, end) = begin(&places).await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(places.available_permits(), 0, "the work still runs");
        end.send(7).unwrap();
        assert_eq!(bounded(Arc::clone(&places), || 8).await, 8);
    }
}
