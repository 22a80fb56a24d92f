//! Group commit: units of work that wait at the same time share one transaction.
//!
//! You want it in front of a store with one writer, in which a commit costs more than what is in it, such
//! as a SQLite file. A worker takes all that waits, has it done in one transaction, and answers
//! after the commit. What comes meanwhile gathers for the next one: there's no timer, and a caller
//! that comes alone waits for no company.
//!
//! | the transaction … | all who share it |
//! | --- | --- |
//! | is committed | get what their work has returned |
//! | can't be begun | get its error; their work hasn't run |
//! | can't be committed | get its error; what their work has returned may rest on what's taken back |
//! | has a unit of work that panics | hear that the worker has stopped, as all do from then on |
//!
//! A panic ends the worker, because no one knows what half a unit of work has left behind. Its
//! store is dropped, and must take the open transaction back. To undo one unit alone is the
//! store's business: a savepoint for each.
//!
//! A caller that goes away changes nothing for the others. Once its work is handed over, it's done all the same.
//!
//! Source: databases do it with their logs, see [DeWitt et al., 1984](https://doi.org/10.1145/602259.602261);
//! in PostgreSQL one process writes for those that
//! [queue up behind it](https://www.postgresql.org/docs/15/wal-configuration.html).

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

// ANCHOR: store
/// What can do the work of many in one transaction.
pub trait Store: Sized + 'static {
    /// What a unit of work acts on.
    type Transaction<'a>;
    /// Why a transaction failed.
    type Error: Clone + Send + 'static;

    /// Begins a transaction, lets `work` act on it, and commits it.
    ///
    /// # Errors
    ///
    /// If it can't be begun or committed. Then nothing of it stays.
    fn transact(
        &mut self,
        work: impl FnOnce(&mut Self::Transaction<'_>),
    ) -> Result<(), Self::Error>;
}
// ANCHOR_END: store

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError<E> {
    /// The transaction failed, and nothing of it stays.
    #[error(transparent)]
    Transaction(E),
    /// The worker was closed before it came to this work, or work that shares its transaction
    /// panicked.
    #[error("the worker has stopped")]
    Stopped,
}

impl<E> CommitError<E> {
    /// The error of the transaction, or what the caller says of a worker that has stopped.
    pub fn or(self, stopped: E) -> E {
        match self {
            CommitError::Transaction(error) => error,
            CommitError::Stopped => stopped,
        }
    }
}

/// A cheap-to-clone handle to the worker, which stops with its last handle or when it is told to.
#[derive(Debug)]
pub struct GroupCommit<S: Store> {
    queue: mpsc::Sender<Request<S>>,
    /// Closed when the worker has dropped its store.
    stopped: watch::Sender<()>,
}

/// Does what is asked for by its handles, as soon as it runs on a thread or as a task.
#[derive(Debug)]
pub struct Worker<S: Store> {
    queue: mpsc::Receiver<Request<S>>,
    together: usize,
    _running: watch::Receiver<()>,
}

/// `None` asks for the end.
type Request<S> = Option<Box<dyn Unit<S>>>;

/// A handle, and the worker to be run. So many callers may be `waiting`; those beyond them are kept at the door, so that a slow disk
/// slows them down and fills no memory. At most so many go `together`, so that the first of them
/// is answered soon.
///
/// # Panics
///
/// If either is zero.
pub fn group_commit<S: Store>(waiting: usize, together: usize) -> (GroupCommit<S>, Worker<S>) {
    assert!(together > 0, "a commit of nothing helps no one");
    let (sender, receiver) = mpsc::channel(waiting);
    let stopped = watch::Sender::new(());
    let worker = Worker {
        queue: receiver,
        together,
        _running: stopped.subscribe(),
    };
    let queue = sender;
    (GroupCommit { queue, stopped }, worker)
}

impl<S: Store> GroupCommit<S> {
    /// Has `work` done in the next transaction, and returns what it returned, after the commit.
    /// Waits at the door while too many wait.
    ///
    /// Cancel safety: a call that is dropped at the door has done nothing. Later, its work is done,
    /// and no one hears of it.
    ///
    /// # Errors
    ///
    /// Those of the transaction; or the worker has stopped.
    pub async fn run<T, F>(&self, work: F) -> Result<T, CommitError<S::Error>>
    where
        T: Send + 'static,
        F: FnOnce(&mut S::Transaction<'_>) -> T + Send + 'static,
    {
        let (call, answer) = Call::new(work);
        let _ = self.queue.send(Some(call)).await; // if it has stopped, there's no answer either
        answer.await.unwrap_or(Err(CommitError::Stopped))
    }

    /// The same without a door: hands the work over at once, and returns its answer to wait for.
    /// Work is done in the order of these calls. `None`: too many wait.
    pub fn try_run<T, F>(
        &self,
        work: F,
    ) -> Option<impl Future<Output = Result<T, CommitError<S::Error>>> + use<S, T, F>>
    where
        T: Send + 'static,
        F: FnOnce(&mut S::Transaction<'_>) -> T + Send + 'static,
    {
        let (call, answer) = Call::new(work);
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Some(call)) {
            return None;
        }
        Some(async move { answer.await.unwrap_or(Err(CommitError::Stopped)) })
    }

    /// Lets the worker answer those whose work is handed over, and returns when it has dropped its
    /// store. Callers at the door hear that it has stopped.
    ///
    /// Cancel safety: dropped at the door, it has asked for nothing.
    pub async fn close(&self) {
        let _ = self.queue.send(None).await; // it may have stopped by itself
        self.stopped.closed().await;
    }
}

impl<S: Store> Clone for GroupCommit<S> {
    fn clone(&self) -> Self {
        let (queue, stopped) = (self.queue.clone(), self.stopped.clone());
        GroupCommit { queue, stopped }
    }
}

// ANCHOR: worker
impl<S: Store> Worker<S> {
    /// Works until the last handle is gone, or one has called [`close`](GroupCommit::close).
    /// Each transaction holds the thread of its task.
    pub async fn run(mut self, mut store: S) {
        let mut batch = Vec::with_capacity(self.together);
        while self.queue.recv_many(&mut batch, self.together).await > 0 {
            self.commit(&mut store, &mut batch);
        }
    }

    /// The same for a thread, which it holds. It panics within a runtime.
    pub fn run_blocking(mut self, mut store: S) {
        let mut batch = Vec::with_capacity(self.together);
        while self.queue.blocking_recv_many(&mut batch, self.together) > 0 {
            self.commit(&mut store, &mut batch);
        }
    }

    fn commit(&mut self, store: &mut S, batch: &mut Vec<Request<S>>) {
        if batch.iter().any(Option::is_none) {
            self.queue.close(); // as `close` asks; what is in the queue is still answered
        }
        let committed = store.transact(|transaction| {
            for call in batch.iter_mut().flatten() {
                call.run(transaction);
            }
        });
        for call in batch.drain(..).flatten() {
            call.answer(committed.clone());
        }
    }
}
// ANCHOR_END: worker

/// A unit of work, of which only its caller knows what it returns.
trait Unit<S: Store>: Send {
    fn run(&mut self, transaction: &mut S::Transaction<'_>);
    fn answer(self: Box<Self>, committed: Result<(), S::Error>);
}

struct Call<F, T, E> {
    work: Option<F>,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, CommitError<E>>>,
}

type Answer<T, E> = oneshot::Receiver<Result<T, CommitError<E>>>;

impl<F, T, E> Call<F, T, E> {
    fn new(work: F) -> (Box<Self>, Answer<T, E>) {
        let (reply, answer) = oneshot::channel();
        let (work, result) = (Some(work), None);
        let call = Call {
            work,
            result,
            reply,
        };
        (Box::new(call), answer)
    }
}

impl<S, T, F> Unit<S> for Call<F, T, S::Error>
where
    S: Store,
    T: Send,
    F: FnOnce(&mut S::Transaction<'_>) -> T + Send,
{
    fn run(&mut self, transaction: &mut S::Transaction<'_>) {
        self.result = self.work.take().map(|work| work(transaction));
    }

    fn answer(self: Box<Self>, committed: Result<(), S::Error>) {
        let answer = match committed {
            Ok(()) => self.result.ok_or(CommitError::Stopped),
            Err(error) => Err(CommitError::Transaction(error)),
        };
        let _ = self.reply.send(answer); // the caller may have gone
    }
}

#[cfg(test)]
mod tests;
