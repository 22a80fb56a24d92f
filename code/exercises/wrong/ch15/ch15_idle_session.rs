//! Wrong: every frame starts the clock again, also a ping that no user has typed.

use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

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
    loop {
        // Each frame starts the clock again, the pings too.
        match timeout(idle, frames.recv()).await {
            Ok(Some(Frame::Ping)) => *pongs += 1,
            Ok(Some(Frame::Text(text))) => texts.push(text),
            Ok(None) => return End::Closed,
            Err(_) => return End::Idle,
        }
    }
}

fn main() {}
