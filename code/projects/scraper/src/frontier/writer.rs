//! The one thread that writes. Steps that wait when it looks share a transaction, and so a
//! commit; a step that comes alone waits for no company.

use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::steps::Steps;
use super::{FrontierError, Result};

/// Callers beyond these wait at the door.
const WAITING: usize = 256;
/// Most steps in one commit, so that the first of them is answered soon.
const TOGETHER: usize = 64;

/// A step, which says how to answer once it's committed.
type Work = Box<dyn FnOnce(&mut Steps) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<()>) + Send>;

/// A cheap-to-clone handle to the thread, which stops with its last handle.
#[derive(Clone)]
pub(super) struct Writer(mpsc::Sender<Work>);

impl Writer {
    pub(super) fn start(steps: Steps) -> Result<Writer> {
        let (sender, work) = mpsc::channel(WAITING);
        let thread = thread::Builder::new().name("frontier".to_owned());
        thread
            .spawn(move || write(steps, work))
            .map_err(|error| FrontierError::Store(error.to_string()))?;
        Ok(Writer(sender))
    }

    /// Runs a step within the next transaction, and answers once that is committed. If one step
    /// fails, the transaction does, and all that share it are told.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Steps) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |steps| {
            let result = steps.step(step);
            Box::new(move |committed| {
                // The asker may have gone; what was done stays done.
                let _ = reply.send(committed.and(result));
            })
        });
        self.0.send(work).await.map_err(|_| FrontierError::Closed)?;
        answer.await.map_err(|_| FrontierError::Closed)?
    }
}

fn write(mut steps: Steps, mut work: mpsc::Receiver<Work>) {
    let mut batch = Vec::with_capacity(TOGETHER);
    while work.blocking_recv_many(&mut batch, TOGETHER) > 0 {
        steps.begin();
        let answers: Vec<Answer> = batch.drain(..).map(|step| step(&mut steps)).collect();
        let committed = steps.commit();
        for answer in answers {
            answer(committed.clone());
        }
    }
}
