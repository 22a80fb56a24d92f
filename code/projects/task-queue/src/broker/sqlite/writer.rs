//! The one thread that writes. All requests that wait when it looks share a transaction, and so a
//! commit: under load one fsync serves many callers, and at rest no one waits for company.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::sync::{mpsc, oneshot, watch};
use tracing::warn;

use crate::broker::Options;
use crate::broker::bells::{Bells, Rings};
use crate::error::{BrokerError, Result};

use super::Clock;
use super::connection::File;
use super::transaction::Transaction;

/// Callers beyond these wait at the door: a slow disk slows them down instead of filling the memory.
const WAITING: usize = 1024;
/// Most requests in one commit, so that the first of them is answered soon.
const TOGETHER: usize = 256;

/// One request: does its part within the transaction, if there is one, and returns how to answer
/// once that is committed.
type Work = Box<dyn FnOnce(Result<Place<'_, '_>>) -> Answer + Send>;
type Place<'a, 'b> = (&'a mut Transaction<'b>, &'a mut Rings);
type Answer = Box<dyn FnOnce(Result<()>) + Send>;

/// A cheap-to-clone handle to the thread, which stops with its last handle or when it is told to.
#[derive(Clone)]
pub(super) struct Writer {
    requests: mpsc::Sender<Work>,
    stop: Arc<AtomicBool>,
    /// Closed when the thread has let go of the file.
    ended: watch::Sender<()>,
}

impl Writer {
    pub(super) fn spawn(
        file: File,
        options: Options,
        clock: Clock,
        bells: Arc<Bells>,
    ) -> Result<Self> {
        let (requests, waiting) = mpsc::channel(WAITING);
        let (stop, ended) = (Arc::new(AtomicBool::new(false)), watch::Sender::new(()));
        let (stopped, running) = (Arc::clone(&stop), ended.subscribe());
        let thread = thread::Builder::new().name("sqlite-writer".to_owned());
        thread
            .spawn(move || {
                write_all(&file, waiting, &options, &clock, &bells, &stopped);
                fold(file);
                drop(running);
            })
            .map_err(BrokerError::unavailable)?;
        Ok(Self {
            requests,
            stop,
            ended,
        })
    }

    /// Lets the thread answer what has been asked, and waits until it has let go of the file.
    pub(super) async fn close(&self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes it; the last request that it takes.
        let _ = self.run(|_| Ok(())).await;
        self.ended.closed().await;
        Ok(())
    }

    /// Runs `work` within the next transaction, and answers once that is committed.
    /// What `work` did is undone if it returns an error.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |place| {
            let result = place.and_then(|(transaction, rings)| transaction.attempt(rings, work));
            Box::new(move |committed| {
                // The asker may have gone; what was done stays done.
                let _ = reply.send(committed.and(result));
            })
        });
        self.requests
            .send(work)
            .await
            .map_err(|_| BrokerError::Closed)?;
        answer.await.map_err(|_| BrokerError::Closed)?
    }
}

// ANCHOR: write
fn write_all(
    file: &File,
    mut waiting: mpsc::Receiver<Work>,
    options: &Options,
    clock: &Clock,
    bells: &Bells,
    stop: &AtomicBool,
) {
    let mut batch = Vec::with_capacity(TOGETHER);
    while waiting.blocking_recv_many(&mut batch, TOGETHER) > 0 {
        let mut rings = Rings::default();
        let mut answers = Vec::with_capacity(batch.len());
        let committed = commit(file, options, clock, |transaction| {
            let works = batch.drain(..);
            answers.extend(works.map(|work| work(Ok((&mut *transaction, &mut rings)))));
        });
        if let Err(error) = &committed {
            // If the transaction did not even begin, no one has been asked yet.
            answers.extend(batch.drain(..).map(|work| work(Err(error.clone()))));
        } else {
            bells.ring(&rings);
        }
        for answer in answers {
            answer(committed.clone());
        }
        if stop.load(Ordering::Relaxed) {
            waiting.close(); // those who wait are answered yet
        }
    }
}
// ANCHOR_END: write

/// Moves what stands in the log beside the file into the file.
fn fold(File(connection): File) {
    // Another process may be reading: it folds the log when it closes.
    let folded = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
    if let Err(error) = folded.and_then(|()| connection.close().map_err(|(_, error)| error)) {
        warn!(%error, "the log of the store stays beside its file");
    }
}

fn commit(
    file: &File,
    options: &Options,
    clock: &Clock,
    work: impl FnOnce(&mut Transaction<'_>),
) -> Result<()> {
    file.0.execute_batch("BEGIN IMMEDIATE")?;
    let done = Transaction::begin(file, options, clock()).and_then(|mut transaction| {
        work(&mut transaction);
        transaction.end()?;
        Ok(file.0.execute_batch("COMMIT")?)
    });
    if done.is_err() && !file.0.is_autocommit() {
        // An error of ROLLBACK adds nothing to the one that led here.
        let _ = file.0.execute_batch("ROLLBACK");
    }
    done
}
