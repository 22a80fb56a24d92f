//! Wrong: an item in the hand is on no shelf, and is lost if the caller gives up.

use tokio::sync::Mutex;

#[derive(Debug, PartialEq)]
struct Shelves {
    left: Vec<&'static str>,
    right: Vec<&'static str>,
}

/// Asks, and if the answer is yes, moves the last item of the left shelf to the right one.
/// Returns whether an item was moved.
async fn move_item(shelves: &Mutex<Shelves>, ask: impl Future<Output = bool>) -> bool {
    let item = shelves.lock().await.left.pop();
    let Some(item) = item else { return false };
    let agreed = ask.await;
    let mut shelves = shelves.lock().await;
    if agreed {
        shelves.right.push(item);
    } else {
        shelves.left.push(item);
    }
    agreed
}

fn main() {}
