//! Wrong: takes a job before there is room for it, and drops it with the `send`.

use tokio::sync::mpsc::{Receiver, Sender};
use tokio_util::sync::CancellationToken;

/// Passes jobs on, in order, until there are no more or `stop` is canceled.
async fn relay(inbox: &mut Receiver<u32>, outbox: &Sender<u32>, stop: &CancellationToken) {
    loop {
        let job = tokio::select! {
            () = stop.cancelled() => return,
            job = inbox.recv() => job,
        };
        let Some(job) = job else { return };
        tokio::select! {
            () = stop.cancelled() => return,
            sent = outbox.send(job) => if sent.is_err() { return },
        }
    }
}

fn main() {}
