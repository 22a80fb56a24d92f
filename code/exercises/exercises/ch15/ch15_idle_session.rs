//! A session ends when its user has said nothing for `idle`. The client's pings are
//! answered, but a ping is not a word of the user.
//!
//! Complete `session`.

use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

enum Frame {
    Ping,
    Text(&'static str),
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Idle,
    Closed,
}

/// Counts pings and collects texts, until the user is idle or has gone.
async fn session(
    frames: &mut mpsc::Receiver<Frame>,
    idle: Duration,
    pongs: &mut u32,
    texts: &mut Vec<&'static str>,
) -> End {
    // TODO: one moment at which the session ends, which only a text moves.
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, interval, sleep, timeout};

    const SECOND: Duration = Duration::from_secs(1);

    /// A client that pings every second, and whose user says a text after each pause.
    fn client(pauses: &'static [u64]) -> mpsc::Receiver<Frame> {
        let (queue, frames) = mpsc::channel(8);
        let pings = queue.clone();
        tokio::spawn(async move {
            let mut pause = interval(SECOND);
            loop {
                pause.tick().await;
                if pings.send(Frame::Ping).await.is_err() {
                    break;
                }
            }
        });
        tokio::spawn(async move {
            for pause in pauses {
                sleep(Duration::from_secs(*pause)).await;
                let _ = queue.send(Frame::Text("word")).await;
            }
            std::future::pending::<()>().await;
        });
        frames
    }

    /// How the session ended, how many pongs and texts there were, and its seconds.
    async fn run(mut frames: mpsc::Receiver<Frame>) -> (End, u32, usize, u64) {
        let (mut pongs, mut texts, start) = (0, Vec::new(), Instant::now());
        let session = session(&mut frames, 5 * SECOND, &mut pongs, &mut texts);
        let end = timeout(3600 * SECOND, session).await;
        let end = end.expect("the session should end within an hour");
        (end, pongs, texts.len(), start.elapsed().as_secs())
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_silent_user_is_idle_although_the_client_pings() {
        let (end, pongs, texts, seconds) = run(client(&[])).await;
        assert_eq!((end, texts, seconds), (End::Idle, 0, 5));
        assert!(pongs >= 5, "{pongs} pings were answered");
    }

    #[tokio::test(start_paused = true)]
    async fn each_text_starts_the_clock_again() {
        let (end, _, texts, seconds) = run(client(&[4, 4, 4])).await;
        assert_eq!((end, texts, seconds), (End::Idle, 3, 17));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_goes_ends_the_session_at_once() {
        let (queue, frames) = mpsc::channel(8);
        queue.send(Frame::Text("bye")).await.expect("room");
        drop(queue);
        assert_eq!(run(frames).await, (End::Closed, 0, 1, 0));
    }
}
