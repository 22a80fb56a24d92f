//! Wrong: nobody stops the tasks; each finds out that nobody listens when it is done.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// How many requests are under way.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

struct Request;

impl Drop for Request {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, SeqCst);
    }
}

/// Asks a mirror that takes so many seconds.
async fn ask(seconds: u64) -> u64 {
    UNDER_WAY.fetch_add(1, SeqCst);
    let _request = Request;
    sleep(Duration::from_secs(seconds)).await;
    seconds
}

/// Asks all mirrors in tasks of their own; the first answer, if it comes within `limit`.
async fn first_answer(mirrors: [u64; 3], limit: Duration) -> Option<u64> {
    let (answer, mut answers) = mpsc::channel(3);
    for mirror in mirrors {
        let answer = answer.clone();
        tokio::spawn(async move { answer.send(ask(mirror).await).await });
    }
    // The receiver is dropped, and the tasks find out when they are done.
    timeout(limit, answers.recv()).await.ok()?
}

fn main() {}
