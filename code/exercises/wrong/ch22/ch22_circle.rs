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

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::timeout;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn one_ball_is_passed_to_its_end() {
        let (own, mailbox) = mpsc::channel(1);
        let (other, mut floor) = mpsc::channel(1);
        own.send(1).await.unwrap();
        drop(own);
        assert_eq!(play(mailbox, other).await, 0);
        assert_eq!(floor.recv().await, Some(0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_mailbox_at_the_other_side_is_not_waited_for() {
        let (own, mailbox) = mpsc::channel(4);
        let (other, _never_read) = mpsc::channel(1);
        for ball in [5, 5, 5] {
            own.send(ball).await.unwrap();
        }
        drop(own);
        let hour = Duration::from_secs(3600);
        assert_eq!(timeout(hour, play(mailbox, other)).await, Ok(2));
    }
}
