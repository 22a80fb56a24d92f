//! A library calls your callback again and again. `subscribe` makes a channel of it.
//!
//! You don't know whose thread the callback holds, so it must not wait: a report that finds
//! no room is left out, and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use tokio::sync::mpsc;

/// How many reports may wait for the task.
const ROOM: usize = 2;

/// A library that reports on whatever thread it is on.
#[derive(Default)]
struct Library {
    callback: Option<Box<dyn FnMut(u32) + Send>>,
}

impl Library {
    fn report(&mut self, x: u32) {
        if let Some(callback) = &mut self.callback {
            callback(x);
        }
    }
}

/// The reports from now on, and how many found no room.
fn subscribe(library: &mut Library) -> (mpsc::Receiver<u32>, Arc<AtomicU32>) {
    let missed = Arc::new(AtomicU32::new(0));
    let (report, reports) = mpsc::channel(ROOM);
    // TODO: set the callback. It must not wait.
    let _ = (report, SeqCst);
    library.callback = None;
    (reports, missed)
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    // `tokio::test` runs an async function, here on one thread, as a #[test]
    #[tokio::test]
    async fn reports_from_another_thread_arrive_in_order() {
        let mut library = Library::default();
        let (mut reports, missed) = subscribe(&mut library);
        let reporting = thread::spawn(move || {
            library.report(1);
            library.report(2);
        });
        assert_eq!(reports.recv().await, Some(1));
        assert_eq!(reports.recv().await, Some(2));
        assert_eq!(reports.recv().await, None); // the library is gone
        assert_eq!(missed.load(SeqCst), 0);
        reporting.join().unwrap();
    }

    #[tokio::test]
    async fn the_runtimes_own_thread_may_report_too() {
        let mut library = Library::default();
        let (mut reports, missed) = subscribe(&mut library);
        library.report(1);
        assert_eq!(reports.recv().await, Some(1));
        assert_eq!(missed.load(SeqCst), 0);
    }

    #[tokio::test]
    async fn what_finds_no_room_is_counted() {
        let mut library = Library::default();
        let (mut reports, missed) = subscribe(&mut library);
        (1..=5).for_each(|x| library.report(x));
        assert_eq!(missed.load(SeqCst), 3);
        assert_eq!(reports.recv().await, Some(1));
        library.report(6); // there is room again
        assert_eq!(reports.recv().await, Some(2));
        assert_eq!(reports.recv().await, Some(6));
    }
}
