//! Wrong: a full queue misses a line and goes on, so its reader is shown a hole.

use tokio::sync::mpsc;

/// Tells a line to each tab.
async fn tell(tabs: &mut Vec<mpsc::Sender<u32>>, line: u32) {
    for tab in tabs.iter() {
        let _ = tab.try_send(line); // full: it misses this one
    }
}

fn main() {}
