//! Wrong: a limit for the answer only: a full mailbox makes it wait forever.

use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

#[derive(Debug, PartialEq)]
enum AskError {
    /// The mailbox is closed.
    Ended,
    /// The actor dropped the question without an answer.
    Died,
    /// No answer within the limit, waiting for room included.
    TooSlow,
}

type Question = (u32, oneshot::Sender<u32>);

async fn ask(
    actor: &mpsc::Sender<Question>,
    number: u32,
    limit: Duration,
) -> Result<u32, AskError> {
    let (reply, answer) = oneshot::channel();
    let sent = actor.send((number, reply)).await;
    sent.map_err(|_| AskError::Ended)?;
    let answer = timeout(limit, answer).await;
    let answer = answer.map_err(|_| AskError::TooSlow)?;
    answer.map_err(|_| AskError::Died)
}

fn main() {}
