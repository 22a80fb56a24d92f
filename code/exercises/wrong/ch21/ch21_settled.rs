//! Wrong: signs off when it takes the fact, before it has thought.

use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

/// Facts are numbers here: from `n`, after `n` seconds, `n - 1` follows; from 0 nothing.
/// `open` has the number of facts that are posted and not dealt with.
struct Board {
    facts: mpsc::UnboundedSender<u64>,
    open: watch::Sender<usize>,
    log: watch::Sender<Vec<u64>>,
}

impl Board {
    fn post(&self, fact: u64) {
        self.open.send_modify(|open| *open += 1);
        self.log.send_modify(|log| log.push(fact));
        self.facts.send(fact).unwrap();
    }

    /// Waits until all that was posted is dealt with.
    async fn settled(&self) {
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open == 0).await.unwrap();
    }
}

/// Deals with each fact.
async fn specialist(board: &Board, mut facts: mpsc::UnboundedReceiver<u64>) {
    while let Some(fact) = facts.recv().await {
        board.open.send_modify(|open| *open -= 1);
        if fact > 0 {
            sleep(Duration::from_secs(fact)).await;
            board.post(fact - 1);
        }
    }
}

fn main() {}
