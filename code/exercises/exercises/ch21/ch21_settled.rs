//! A board that knows when it has settled: a count of what is posted and not dealt with.
//!
//! Complete `specialist`.

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
        // TODO: think, post what follows, sign off. In which order?
        let _ = (board, fact, sleep(Duration::ZERO).await);
        todo!()
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, timeout};

    /// The log when the board has settled, and how long that took.
    async fn run(fact: u64) -> (Vec<u64>, u64) {
        let (sender, facts) = mpsc::unbounded_channel();
        let board = Board {
            facts: sender,
            open: watch::Sender::new(0),
            log: watch::Sender::new(Vec::new()),
        };
        let start = Instant::now();
        board.post(fact);
        let settled = timeout(Duration::from_secs(3600), board.settled());
        tokio::select! {
            () = specialist(&board, facts) => panic!("the specialist has ended"),
            settled = settled => settled.expect("it does not settle"),
        }
        (board.log.borrow().clone(), start.elapsed().as_secs())
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_fact_from_which_nothing_follows_settles_at_once() {
        assert_eq!(run(0).await, (vec![0], 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_follows_is_waited_for() {
        assert_eq!(run(3).await, (vec![3, 2, 1, 0], 3 + 2 + 1));
    }
}
