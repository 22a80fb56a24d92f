//! Wrong: catches what happens while the future runs, and not what happens while it is made.

use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use tokio::sync::mpsc;

/// Runs all jobs. Those that panic are sent to `bad`; the others count.
async fn work<F>(
    mut queue: mpsc::Receiver<u32>,
    bad: mpsc::UnboundedSender<u32>,
    run: impl Fn(u32) -> F,
) -> u32
where
    F: Future<Output = ()>,
{
    let mut done = 0;
    while let Some(job) = queue.recv().await {
        match AssertUnwindSafe(run(job)).catch_unwind().await {
            Ok(()) => done += 1,
            Err(_) => bad.send(job).expect("the owner listens"),
        }
    }
    done
}

fn main() {}
