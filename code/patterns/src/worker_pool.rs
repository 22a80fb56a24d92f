//! A fixed number of workers over one bounded queue.
//!
//! Take one when jobs come in faster than they may be begun, and none of them may be lost when
//! its sender goes away. To limit how many tasks run at once, a semaphore is enough.
//!
//! - A job that panics ends itself and not its worker: the pool heals, and hands the job back.
//! - A pool is drained within a deadline; what had no turn by then is handed back too.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_channel::{Receiver, Sender, TrySendError};
use futures::FutureExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

// ANCHOR: pool
/// Workers that run jobs of one kind.
///
/// Dropping it aborts the workers, and with them the jobs that run: use [`drain`].
///
/// [`drain`]: WorkerPool::drain
#[derive(Debug)]
pub struct WorkerPool<J> {
    queue: Sender<J>,
    workers: JoinSet<()>,
    panicked: mpsc::UnboundedReceiver<J>,
    rest: Receiver<J>,
}

impl<J: Clone + Send + 'static> WorkerPool<J> {
    /// Starts so many workers, which call `handle` for each job, over a queue with so much room.
    ///
    /// # Panics
    ///
    /// If `workers` or `room` is zero.
    pub fn new<H>(workers: usize, room: usize, handle: H) -> WorkerPool<J>
    where
        H: AsyncHandler<J>,
    {
        assert!(workers > 0, "a pool without workers does nothing");
        let (queue, rest) = async_channel::bounded(room);
        // Unbounded: it holds at most one job for each panic, and a panic can't wait.
        let (report, panicked) = mpsc::unbounded_channel();
        let handle = Arc::new(handle);
        let mut set = JoinSet::new();
        for _ in 0..workers {
            set.spawn(work(rest.clone(), Arc::clone(&handle), report.clone()));
        }
        WorkerPool {
            queue,
            workers: set,
            panicked,
            rest,
        }
    }

    /// Puts a job into the queue, and waits while it is full.
    ///
    /// Cancel safe in the sense that a job is queued or not; a call that is dropped drops its job.
    ///
    /// # Errors
    ///
    /// The job, if the pool is being drained.
    pub async fn submit(&self, job: J) -> Result<(), J> {
        self.queue.send(job).await.map_err(|refused| refused.0)
    }

    /// Puts a job into the queue if there is room.
    ///
    /// # Errors
    ///
    /// The job, if there is none.
    pub fn try_submit(&self, job: J) -> Result<(), J> {
        let refused = |refused| match refused {
            TrySendError::Full(job) | TrySendError::Closed(job) => job,
        };
        self.queue.try_send(job).map_err(refused)
    }

    /// The next job whose handler panicked. Waits for one.
    pub async fn next_panicked(&mut self) -> Option<J> {
        self.panicked.recv().await
    }

    /// Takes no more jobs, lets the workers finish what is queued until `limit` is over, and
    /// aborts what runs then. Returns the jobs that had no turn.
    pub async fn drain(mut self, limit: Duration) -> Vec<J> {
        let deadline = Instant::now() + limit;
        self.queue.close();
        while let Ok(Some(_)) = timeout_at(deadline, self.workers.join_next()).await {}
        self.workers.shutdown().await;
        std::iter::from_fn(|| self.rest.try_recv().ok()).collect()
    }
}

/// One worker: takes a job, runs it, takes the next.
async fn work<J, H>(queue: Receiver<J>, handle: Arc<H>, report: mpsc::UnboundedSender<J>)
where
    J: Clone,
    H: AsyncHandler<J>,
{
    while let Ok(job) = queue.recv().await {
        let running = AssertUnwindSafe(handle.handle(job.clone()));
        if running.catch_unwind().await.is_err() {
            let _ = report.send(job); // no one may be listening
        }
    }
}
// ANCHOR_END: pool

/// What a pool calls for each job. Any `Fn(J)` that returns a sendable future is one.
pub trait AsyncHandler<J>: Send + Sync + 'static {
    /// Runs the job.
    fn handle(&self, job: J) -> impl Future<Output = ()> + Send;
}

impl<J, F, R> AsyncHandler<J> for F
where
    F: Fn(J) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send,
{
    fn handle(&self, job: J) -> impl Future<Output = ()> + Send {
        self(job)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A handler of a second each, and how many jobs it has finished.
    fn slow() -> (impl AsyncHandler<u64>, Arc<AtomicUsize>) {
        let done = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&done);
        let handle = move |_| {
            let count = Arc::clone(&count);
            async move {
                sleep(SECOND).await;
                count.fetch_add(1, SeqCst);
            }
        };
        (handle, done)
    }

    #[tokio::test(start_paused = true)]
    async fn n_workers_run_n_jobs_at_a_time() {
        let (start, (handle, done)) = (Instant::now(), slow());
        let pool = WorkerPool::new(3, 10, handle);
        for job in 0..9 {
            pool.submit(job).await.expect("it takes jobs");
        }
        assert_eq!(pool.drain(60 * SECOND).await, [0_u64; 0]);
        assert_eq!(done.load(SeqCst), 9);
        assert_eq!(start.elapsed(), 3 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_refuses_and_submit_waits() {
        let (start, (handle, _)) = (Instant::now(), slow());
        let pool = WorkerPool::new(1, 1, handle);
        pool.submit(1).await.expect("it takes jobs");
        tokio::task::yield_now().await; // the worker has it
        assert_eq!(pool.try_submit(2), Ok(()));
        assert_eq!(pool.try_submit(3), Err(3));
        pool.submit(4).await.expect("it takes jobs");
        assert_eq!(start.elapsed(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_panics_leaves_its_worker_and_comes_back() {
        let done = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&done);
        let mut pool = WorkerPool::new(1, 10, move |job: u64| {
            let count = Arc::clone(&count);
            async move {
                assert_ne!(job, 2, "a bad job");
                count.fetch_add(1, SeqCst);
            }
        });
        for job in 1..=3 {
            pool.submit(job).await.expect("it takes jobs");
        }
        assert_eq!(pool.next_panicked().await, Some(2));
        assert_eq!(pool.drain(SECOND).await, [0_u64; 0]);
        assert_eq!(done.load(SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_no_turn_before_the_deadline_is_handed_back() {
        let (start, (handle, done)) = (Instant::now(), slow());
        let pool = WorkerPool::new(1, 10, handle);
        for job in 0..5 {
            pool.submit(job).await.expect("it takes jobs");
        }
        let rest = pool.drain(SECOND * 5 / 2).await;
        assert_eq!(start.elapsed(), SECOND * 5 / 2);
        assert_eq!(done.load(SeqCst), 2);
        assert_eq!(rest, [3, 4]); // the third was running, and is lost
    }
}
