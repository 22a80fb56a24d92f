//! A stock keeper owns the stock, and customers ask it for goods by message. Some of them
//! leave before the answer comes.
//!
//! Complete `keep`. Goods that were granted to a customer who has left are still in stock,
//! and the keeper goes on in any case.

use tokio::sync::{mpsc, oneshot};

enum Question {
    /// Takes so many out of the stock, if there are as many.
    Take {
        wanted: u32,
        reply: oneshot::Sender<bool>,
    },
    /// How many are there?
    Count { reply: oneshot::Sender<u32> },
}

/// Answers questions until there are no more.
async fn keep(mut stock: u32, mut questions: mpsc::Receiver<Question>) {
    // TODO: answer each question. What does `send` on a reply return, and when?
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use Question::{Count, Take};
    use tokio::sync::mpsc::Sender;

    fn keeper(stock: u32) -> Sender<Question> {
        let (keeper, questions) = mpsc::channel(8);
        tokio::spawn(keep(stock, questions));
        keeper
    }

    async fn take(keeper: &Sender<Question>, wanted: u32) -> Option<bool> {
        let (reply, answer) = oneshot::channel();
        keeper.send(Take { wanted, reply }).await.ok()?;
        answer.await.ok()
    }

    async fn count(keeper: &Sender<Question>) -> Option<u32> {
        let (reply, answer) = oneshot::channel();
        keeper.send(Count { reply }).await.ok()?;
        answer.await.ok()
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn grants_what_is_there_and_refuses_what_is_not() {
        let keeper = keeper(10);
        assert_eq!(take(&keeper, 7).await, Some(true));
        assert_eq!(take(&keeper, 7).await, Some(false));
        assert_eq!(take(&keeper, 3).await, Some(true));
        assert_eq!(count(&keeper).await, Some(0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_customer_who_has_left_takes_nothing() {
        let keeper = keeper(10);
        let (reply, answer) = oneshot::channel();
        drop(answer);
        assert!(keeper.send(Take { wanted: 7, reply }).await.is_ok());
        assert_eq!(count(&keeper).await, Some(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_counter_who_has_left_does_not_stop_the_keeper() {
        let keeper = keeper(10);
        let (reply, answer) = oneshot::channel();
        drop(answer);
        assert!(keeper.send(Count { reply }).await.is_ok());
        assert_eq!(take(&keeper, 10).await, Some(true));
    }
}
