//! Wrong: waits until all have voted, and so for a replica that never does.

use tokio::sync::watch;

type Votes = Vec<Option<bool>>;

/// Whether `needed` replicas have voted yes. Waits until that is certain.
async fn decide(votes: &mut watch::Receiver<Votes>, needed: usize) -> bool {
    let all = votes
        .wait_for(|votes| votes.iter().all(Option::is_some))
        .await;
    let votes = all.expect("the votes are being counted");
    votes.iter().filter(|it| **it == Some(true)).count() >= needed
}

fn main() {}
