//! Wrong: waits for a change first, and so misses the settings that are there.

use tokio::sync::watch;

/// Applies the present settings and all later ones, until there can be no more.
async fn apply_all(mut settings: watch::Receiver<u32>) -> Vec<u32> {
    let mut applied: Vec<u32> = Vec::new();
    while settings.changed().await.is_ok() {
        applied.push(*settings.borrow_and_update());
    }
    applied
}

fn main() {}
