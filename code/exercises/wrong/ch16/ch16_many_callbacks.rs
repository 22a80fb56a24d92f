//! Wrong: on a thread of the runtime, `blocking_send` panics.

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
    let count = Arc::clone(&missed);
    library.callback = Some(Box::new(move |x| {
        if report.blocking_send(x).is_err() {
            count.fetch_add(1, SeqCst);
        }
    }));
    (reports, missed)
}

fn main() {
    // You can experiment here; the tests decide.
}
