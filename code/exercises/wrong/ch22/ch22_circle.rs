//! Wrong: passes the ball on in a task of its own: no deadlock, and no bound on the tasks; nothing falls.

use tokio::sync::mpsc;

/// Passes every ball on, until its mailbox is closed. Returns how many fell to the floor.
async fn play(mut mailbox: mpsc::Receiver<u32>, other: mpsc::Sender<u32>) -> u32 {
    let fallen = 0;
    while let Some(ball) = mailbox.recv().await {
        if ball > 0 {
            let other = other.clone();
            tokio::spawn(async move { other.send(ball - 1).await });
        }
    }
    fallen
}

fn main() {}
