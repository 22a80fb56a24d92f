//! Wrong: asks for the total and takes out in two messages: between them another takes the money.

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
        if self.total().await < sum {
            return false;
        }
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
    let mut total: u32 = 0;
    while let Some(message) = mailbox.recv().await {
        match message {
            Message::PayIn(sum) => total += sum,
            Message::TakeOut(sum, reply) => {
                total = total.wrapping_sub(sum);
                let _ = reply.send(true);
            }
            Message::Total(reply) => {
                let _ = reply.send(total);
            }
        }
    }
}

fn main() {}
