//! Wrong: lets `select!` drop the collecting, which begins again each second and never ends.

use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::time::{Duration, sleep};

type Notes = Arc<Mutex<Vec<&'static str>>>;

/// Holds the notes while it collects, so that they don't change under it.
async fn collect(notes: Notes) {
    let mut notes = notes.lock().await;
    sleep(Duration::from_millis(2500)).await;
    notes.push("report");
}

async fn report(notes: Notes) {
    loop {
        tokio::select! {
            () = collect(notes.clone()) => return,
            () = sleep(Duration::from_secs(1)) => {
                notes.lock().await.push("still at it");
            }
        }
    }
}

fn main() {}
