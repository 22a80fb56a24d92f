use tokio::sync::{mpsc, oneshot};

enum Message {
    PayIn(u32),
    /// Answers whether there was enough.
    TakeOut(u32, oneshot::Sender<bool>),
    Total(oneshot::Sender<u32>),
}

#[derive(Clone)]
struct Till(mpsc::Sender<Message>);

impl Till {
    /// Starts the actor.
    fn new() -> Till {
        let (sender, mailbox) = mpsc::channel(8);
        tokio::spawn(run(mailbox));
        Till(sender)
    }

    async fn pay_in(&self, sum: u32) {
        self.0.send(Message::PayIn(sum)).await.expect("it runs");
    }

    async fn take_out(&self, sum: u32) -> bool {
        let (reply, answer) = oneshot::channel();
        let message = Message::TakeOut(sum, reply);
        self.0.send(message).await.expect("it runs");
        answer.await.expect("it answers")
    }

    async fn total(&self) -> u32 {
        let (reply, answer) = oneshot::channel();
        self.0.send(Message::Total(reply)).await.expect("it runs");
        answer.await.expect("it answers")
    }
}

async fn run(mut mailbox: mpsc::Receiver<Message>) {
    let mut total = 0;
    while let Some(message) = mailbox.recv().await {
        match message {
            Message::PayIn(sum) => total += sum,
            Message::TakeOut(sum, reply) => {
                let enough = total >= sum;
                if enough {
                    total -= sum;
                }
                let _ = reply.send(enough);
            }
            Message::Total(reply) => {
                let _ = reply.send(total);
            }
        }
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn what_is_paid_in_is_there() {
        let till = Till::new();
        till.pay_in(40).await;
        till.pay_in(2).await;
        assert_eq!(till.total().await, 42);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_taken_out_than_is_there() {
        let till = Till::new();
        till.pay_in(40).await;
        assert!(!till.take_out(41).await);
        assert!(till.take_out(40).await);
        assert_eq!(till.total().await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn two_who_come_together_do_not_take_the_same_money() {
        let till = Till::new();
        till.pay_in(10).await;
        let (left, right) = tokio::join!(till.take_out(10), till.take_out(10));
        assert_ne!(left, right);
        assert_eq!(till.total().await, 0);
    }
}
