//! Wrong: waits for the next change, though none may be left already.

use tokio::sync::watch;

/// Opens when it has been counted down to zero.
struct Latch {
    left: watch::Sender<usize>,
}

impl Latch {
    fn new(count: usize) -> Latch {
        Latch {
            left: watch::Sender::new(count),
        }
    }

    /// Takes one off. Below zero it stays at zero.
    fn count_down(&self) {
        self.left.send_modify(|left| *left = left.saturating_sub(1));
    }

    /// Waits until none is left.
    async fn wait(&self) {
        let mut left = self.left.subscribe();
        loop {
            left.changed().await.expect("the latch owns the sender");
            if *left.borrow() == 0 {
                return;
            }
        }
    }
}

fn main() {}
