//! This report hangs, at no CPU, as soon as collecting takes longer than a second.
//! Two futures of one task need the same lock, and only one of them is polled.
//!
//! Make it end, with the report and the notes. When `report` is dropped, collecting
//! still has to end with it.

use std::pin::pin;
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

/// Collects the report. After each second that it takes, there's a note.
async fn report(notes: Notes) {
    let mut collected = pin!(collect(notes.clone())); // TODO: who polls it?
    loop {
        tokio::select! {
            () = &mut collected => return,
            () = sleep(Duration::from_secs(1)) => {
                notes.lock().await.push("still at it");
            }
        }
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn the_report_is_written_and_so_are_the_notes() {
        let notes = Notes::default();
        let hour = Duration::from_secs(3600);
        let ended = timeout(hour, report(notes.clone())).await;
        ended.expect("it hangs");
        assert_eq!(*notes.lock().await, ["report", "still at it"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_that_is_cut_leaves_nothing_behind() {
        let notes = Notes::default();
        let patience = Duration::from_millis(500);
        let ended = timeout(patience, report(notes.clone())).await;
        assert!(ended.is_err(), "it takes longer");
        sleep(Duration::from_secs(60)).await;
        assert!(notes.lock().await.is_empty(), "it went on");
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_report_finds_the_lock_free() {
        let notes = Notes::default();
        let hour = Duration::from_secs(3600);
        for _ in 0..2 {
            let ended = timeout(hour, report(notes.clone())).await;
            ended.expect("it hangs");
        }
        let notes = notes.lock().await;
        assert_eq!(notes.iter().filter(|note| **note == "report").count(), 2);
    }
}
