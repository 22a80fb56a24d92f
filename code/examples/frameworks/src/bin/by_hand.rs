//! The counter by hand: an enum of messages, and a supervisor that keeps the mailbox.

use std::error::Error;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};

enum Message {
    Add(u32),
    Total(oneshot::Sender<u32>),
    Crash(oneshot::Sender<u32>),
}

async fn life(mailbox: Arc<Mutex<mpsc::Receiver<Message>>>) {
    let (mut mailbox, mut total) = (mailbox.lock().await, 0);
    while let Some(message) = mailbox.recv().await {
        match message {
            Message::Add(number) => total += number,
            Message::Total(reply) => _ = reply.send(total),
            Message::Crash(_reply) => panic!("a counter's bad day"),
        }
    }
}

async fn supervise(mailbox: mpsc::Receiver<Message>) {
    let mailbox = Arc::new(Mutex::new(mailbox));
    while tokio::spawn(life(Arc::clone(&mailbox))).await.is_err() {}
}

async fn ask(
    counter: &mpsc::Sender<Message>,
    question: fn(oneshot::Sender<u32>) -> Message,
) -> Result<u32, &'static str> {
    let (reply, answer) = oneshot::channel();
    counter
        .send(question(reply))
        .await
        .map_err(|_| "no actor")?;
    answer.await.map_err(|_| "no answer")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (counter, mailbox) = mpsc::channel(64);
    tokio::spawn(supervise(mailbox));
    counter.send(Message::Add(1)).await?;
    counter.send(Message::Add(2)).await?;
    println!("total: {}", ask(&counter, Message::Total).await?);

    // A question that kills the actor, and one behind it in the mailbox.
    let (killer, behind) =
        tokio::join!(ask(&counter, Message::Crash), ask(&counter, Message::Total),);
    println!("the killer: {killer:?}");
    println!("the one behind: {behind:?}");
    println!("the old handle: {:?}", ask(&counter, Message::Total).await);
    Ok(())
}
