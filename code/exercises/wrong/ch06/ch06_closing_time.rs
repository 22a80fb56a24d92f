//! Wrong: a timeout in the loop restarts like a sleep in the loop.

use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

/// Collects ballots for `open_for`, or until all voters have gone.
pub async fn collect_votes(mut ballots: Receiver<u32>, open_for: Duration) -> Vec<u32> {
    let mut votes = Vec::new();
    while let Ok(Some(ballot)) = timeout(open_for, ballots.recv()).await {
        votes.push(ballot);
    }
    votes
}

fn main() {
    // You can experiment here; the tests decide.
}
