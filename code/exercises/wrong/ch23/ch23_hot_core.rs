//! Wrong: it rests for good. The service ends with the configuration service, though it was
//! not told to stop.

use tokio::sync::{oneshot, watch};

/// Applies each mode that comes, until `stop`. Returns what it has applied.
async fn follow(mut mode: watch::Receiver<u32>, mut stop: oneshot::Receiver<()>) -> Vec<u32> {
    let mut applied = Vec::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => return applied,
            changed = mode.changed() => match changed {
                Ok(()) => applied.push(*mode.borrow_and_update()),
                Err(_) => return applied,
            },
        }
    }
}

fn main() {}
