//! Long-lived worker processes that answer JSON lines: one line in, one line out.
//!
//! For code that has to live in a process of its own, since it is written in another language,
//! may crash, or takes seconds to start. For work of your own on several cores take threads.
//!
//! A call *owns* its worker. Only a complete answer puts the worker back, so one that has died,
//! is late, or whose caller has gone is killed, and never gives an old answer to a new question.
//! The next call starts another.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde::{Serialize, de::DeserializeOwned};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec, LinesCodecError};

/// An answer longer than this many bytes is refused: workers are not trusted with our memory.
const LONGEST_ANSWER: usize = 1 << 20;

// ANCHOR: error
/// Why there is no answer. The worker is gone in each case.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Look at the path and the rights of the program.
    #[error("the worker could not be started")]
    Start(#[source] io::Error),
    /// The question may be what killed it: try again at most once.
    #[error("the worker died: {0}")]
    Died(ExitStatus),
    /// It was killed.
    #[error("no answer within {0:?}")]
    Late(Duration),
    /// It has written something else than an answer, such as a log line.
    #[error("the worker broke the protocol: {0}")]
    Garbled(String),
}
// ANCHOR_END: error

/// A child with both of its pipes. Dropping it kills it.
#[derive(Debug)]
struct Worker {
    child: Child,
    questions: FramedWrite<ChildStdin, LinesCodec>,
    answers: FramedRead<ChildStdout, LinesCodec>,
}

// ANCHOR: worker
impl Worker {
    fn start(mut command: Command) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()); // stderr is for its log
        let mut child = command.kill_on_drop(true).spawn()?;
        let stdin = child.stdin.take().expect("piped");
        let stdout = child.stdout.take().expect("piped");
        let limited = LinesCodec::new_with_max_length(LONGEST_ANSWER);
        Ok(Self {
            child,
            questions: FramedWrite::new(stdin, LinesCodec::new()),
            answers: FramedRead::new(stdout, limited),
        })
    }

    async fn ask(&mut self, question: String) -> Result<String, CallError> {
        let garbled = |error: &dyn ToString| CallError::Garbled(error.to_string());
        // If it can't be sent, the worker has gone: the end of its answers says so, too.
        let _ = self.questions.send(question).await;
        match self.answers.next().await {
            Some(Ok(answer)) => Ok(answer),
            None | Some(Err(LinesCodecError::Io(_))) => {
                let status = self.child.wait().await;
                Err(status.map_or_else(|error| garbled(&error), CallError::Died))
            }
            Some(Err(error)) => Err(garbled(&error)),
        }
    }
}
// ANCHOR_END: worker

// ANCHOR: pool
/// Starts workers as they are needed, and at most so many.
pub struct ProcessPool<F> {
    command: F,
    limit: Duration,
    idle: Mutex<Vec<Worker>>,
    permits: Semaphore,
}

impl<F: Fn() -> Command> ProcessPool<F> {
    /// A pool of at most `size` workers, started by `command`, each of which has
    /// `limit` for an answer.
    pub fn new(size: usize, limit: Duration, command: F) -> Self {
        Self {
            command,
            limit,
            idle: Mutex::default(),
            permits: Semaphore::new(size),
        }
    }

    /// Asks a worker. Waits, without a limit, while all of them are busy.
    ///
    /// Cancel safety: dropped while a worker has the question, it kills that worker.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; whatever it is, the pool goes on with another worker.
    pub async fn call<Q, A>(&self, question: &Q) -> Result<A, CallError>
    where
        Q: Serialize,
        A: DeserializeOwned,
    {
        let garbled = |error: serde_json::Error| CallError::Garbled(error.to_string());
        let question = serde_json::to_string(question).map_err(garbled)?;
        let _permit = self.permits.acquire().await.expect("never closed");
        let mut worker = match self.idle_one() {
            Some(worker) => worker,
            None => Worker::start((self.command)()).map_err(CallError::Start)?,
        };
        let answer = timeout(self.limit, worker.ask(question)).await;
        let answer = answer.map_err(|_| CallError::Late(self.limit))??;
        let answer = serde_json::from_str(&answer).map_err(garbled)?;
        self.lock().push(worker); // Complete: it may be asked again.
        Ok(answer)
    }

    /// An idle worker that still lives. Those that died while idle are dropped.
    fn idle_one(&self) -> Option<Worker> {
        let mut idle = self.lock();
        idle.retain_mut(|worker| matches!(worker.child.try_wait(), Ok(None)));
        idle.pop()
    }
    // ANCHOR_END: pool

    /// Closes the stdin of each worker, which asks it to end, and waits until it has.
    ///
    /// # Errors
    ///
    /// Those of [`Child::wait`].
    pub async fn close(self) -> io::Result<()> {
        let idle = self.idle.into_inner();
        for mut worker in idle.unwrap_or_else(PoisonError::into_inner) {
            drop(worker.questions);
            worker.child.wait().await?;
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, unix))]
mod tests;
