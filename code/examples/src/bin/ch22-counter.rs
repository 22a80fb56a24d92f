//! An actor and its handle, in forty lines.
//!
//! `cargo run -p examples --bin ch22-counter`

// ANCHOR: actor
use tokio::sync::{mpsc, oneshot};

/// A cheap handle; the actor stops with the last of them.
#[derive(Clone)]
struct Counter(mpsc::Sender<Message>);

enum Message {
    Add(u32),
    Total(oneshot::Sender<u32>),
}

impl Counter {
    async fn add(&self, number: u32) {
        let _ = self.0.send(Message::Add(number)).await;
    }

    async fn total(&self) -> Option<u32> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Message::Total(reply)).await.ok()?;
        answer.await.ok()
    }
}

async fn run(mut mailbox: mpsc::Receiver<Message>) {
    let mut total = 0;
    while let Some(message) = mailbox.recv().await {
        match message {
            Message::Add(number) => total += number,
            Message::Total(reply) => _ = reply.send(total),
        }
    }
}
// ANCHOR_END: actor

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (sender, mailbox) = mpsc::channel(8);
    let (counter, actor) = (Counter(sender), tokio::spawn(run(mailbox)));
    counter.add(40).await;
    counter.add(2).await;
    assert_eq!(counter.total().await, Some(42));
    drop(counter); // the last handle
    assert!(actor.await.is_ok()); // and the actor has ended
    println!("42, and the actor has ended");
}
// ANCHOR_END: main

#[cfg(test)]
mod tests {
    #[test]
    fn the_actor_counts_and_ends_with_its_last_handle() {
        super::main();
    }
}
