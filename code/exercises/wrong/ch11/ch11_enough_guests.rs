//! Wrong: waits for a change first, though enough may be there already.

use tokio::sync::watch;

/// Returns once at least `enough` guests are there, with their number.
async fn enough_guests(guests: &watch::Sender<u32>, enough: u32) -> u32 {
    let mut table = guests.subscribe();
    loop {
        table.changed().await.expect("the sender is borrowed here");
        let there = *table.borrow_and_update();
        if there >= enough {
            return there;
        }
    }
}

fn main() {}
