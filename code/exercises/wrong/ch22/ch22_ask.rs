//! Wrong: a limit for the answer only: a full mailbox makes it wait for ever.

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

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn an_answer_comes_back() {
        let (actor, mut mailbox) = mpsc::channel::<Question>(1);
        tokio::spawn(async move {
            let (number, reply) = mailbox.recv().await.unwrap();
            reply.send(number * 2).unwrap();
        });
        assert_eq!(ask(&actor, 21, LIMIT).await, Ok(42));
    }

    #[tokio::test(start_paused = true)]
    async fn an_actor_that_has_ended_or_dies_is_an_error() {
        let (actor, mut mailbox) = mpsc::channel::<Question>(1);
        tokio::spawn(async move { drop(mailbox.recv().await) });
        assert_eq!(ask(&actor, 1, LIMIT).await, Err(AskError::Died));
        tokio::task::yield_now().await;
        assert_eq!(ask(&actor, 1, LIMIT).await, Err(AskError::Ended));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_answer_and_a_full_mailbox_are_too_slow() {
        let (actor, _mailbox) = mpsc::channel::<Question>(1);
        assert_eq!(ask(&actor, 1, LIMIT).await, Err(AskError::TooSlow));
        let full = timeout(10 * LIMIT, ask(&actor, 2, LIMIT)).await;
        assert_eq!(full, Ok(Err(AskError::TooSlow)));
    }
}
