//! Wrong: upgrades the weak sender once, at the beginning, and so holds a strong one all the time.

use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// Counts its own reminders, one a second, until no handle is left.
async fn run(mut mailbox: mpsc::Receiver<()>, own: mpsc::Sender<()>) -> u32 {
    let weak = own.downgrade();
    drop(own);
    let mut reminders = 0;
    let Some(own) = weak.upgrade() else {
        return reminders;
    };
    loop {
        sleep(Duration::from_secs(1)).await;
        if own.send(()).await.is_err() || mailbox.recv().await.is_none() {
            return reminders;
        }
        reminders += 1;
    }
}

fn main() {}
