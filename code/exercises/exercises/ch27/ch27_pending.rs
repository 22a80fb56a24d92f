//! Work that makes more work is over when nothing is pending. A `Piece` is pending until it's
//! dropped, however that comes.
//!
//! Complete `child`, `drop` and `idle`. Several tasks may wait for the end, and all must hear of it.

use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

#[derive(Default)]
struct Pending {
    count: Mutex<usize>,
    changed: Notify,
}

/// A piece of work that isn't done yet.
struct Piece(Arc<Pending>);

impl Pending {
    fn begin(self: &Arc<Self>) -> Piece {
        *self.count.lock().unwrap() += 1;
        Piece(self.clone())
    }
}

impl Pending {
    /// Waits until nothing is pending.
    async fn idle(&self) {
        // TODO: what if the last piece ends between the look and the wait?
        todo!()
    }
}

impl Piece {
    /// More work, found by this piece.
    fn child(&self) -> Piece {
        todo!()
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        // TODO: one less, and who has to know?
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Duration, sleep, timeout};

    const SOON: Duration = Duration::from_secs(60);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn it_is_over_when_the_last_child_is() {
        let pending = Arc::new(Pending::default());
        let parent = pending.begin();
        let child = parent.child();
        drop(parent);
        assert!(timeout(SOON, pending.idle()).await.is_err());
        drop(child);
        assert!(timeout(SOON, pending.idle()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_wait_hear_of_the_end() {
        let pending = Arc::new(Pending::default());
        let piece = pending.begin();
        let end = async {
            sleep(Duration::from_secs(1)).await;
            drop(piece);
        };
        let waits = || timeout(SOON, pending.idle());
        let (one, two, three, ()) = tokio::join!(waits(), waits(), waits(), end);
        assert!(one.is_ok() && two.is_ok() && three.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_piece_that_panics_has_ended() {
        let pending = Arc::new(Pending::default());
        let piece = pending.begin();
        let worker = tokio::spawn(async move {
            let _piece = piece;
            panic!("an odd page");
        });
        assert!(worker.await.is_err());
        assert!(timeout(SOON, pending.idle()).await.is_ok());
    }
}
