//! An item moves from one shelf to the other, if the owner agrees. Asking takes a while, and the
//! caller may give up at any time.
//!
//! Complete `move_item`: whatever happens, the item is on one of the shelves, and other tasks may
//! use the shelves while the owner thinks.

use tokio::sync::Mutex;

#[derive(Debug, PartialEq)]
struct Shelves {
    left: Vec<&'static str>,
    right: Vec<&'static str>,
}

/// Asks, and if the answer is yes, moves the last item of the left shelf to the right one.
/// Returns whether an item was moved.
async fn move_item(shelves: &Mutex<Shelves>, ask: impl Future<Output = bool>) -> bool {
    // TODO: in which order?
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::{sleep, timeout};

    const SECOND: Duration = Duration::from_secs(1);

    fn shelves() -> Mutex<Shelves> {
        Mutex::new(Shelves {
            left: vec!["cup"],
            right: vec![],
        })
    }

    async fn slow_yes() -> bool {
        sleep(10 * SECOND).await;
        true
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_yes_moves_the_item() {
        let shelves = shelves();
        assert!(move_item(&shelves, slow_yes()).await);
        assert_eq!(shelves.lock().await.right, ["cup"]);
        assert!(shelves.lock().await.left.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_no_moves_nothing() {
        let shelves = shelves();
        assert!(!move_item(&shelves, async { false }).await);
        assert_eq!(shelves.lock().await.left, ["cup"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_gives_up_loses_nothing() {
        let shelves = shelves();
        let impatient = timeout(SECOND, move_item(&shelves, slow_yes())).await;
        assert!(impatient.is_err());
        assert_eq!(shelves.lock().await.left, ["cup"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_shelves_are_free_while_the_owner_thinks() {
        let shelves = shelves();
        let thief = async {
            sleep(SECOND).await;
            let mut shelves = shelves.try_lock().expect("locked while asking");
            assert_eq!(shelves.left.pop(), Some("cup"));
        };
        let (moved, ()) = tokio::join!(move_item(&shelves, slow_yes()), thief);
        assert!(!moved);
        assert!(shelves.lock().await.right.is_empty());
    }
}
