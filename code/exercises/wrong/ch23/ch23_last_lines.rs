//! Wrong: a pause that is long enough on most days.

use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Duration, sleep};

/// The lines on a slow disk.
type File = Arc<Mutex<Vec<String>>>;

struct Log {
    lines: mpsc::UnboundedSender<String>,
    writer: JoinHandle<()>,
}

impl Log {
    fn open(file: File) -> Log {
        let (lines, mut to_write) = mpsc::unbounded_channel();
        let writer = tokio::spawn(async move {
            while let Some(line) = to_write.recv().await {
                sleep(Duration::from_millis(10)).await; // The disk is slow.
                file.lock().unwrap().push(line);
            }
        });
        Log { lines, writer }
    }

    fn write(&self, line: &str) {
        self.lines.send(line.to_string()).expect("the writer lives");
    }

    async fn close(self) {
        sleep(Duration::from_millis(500)).await; // That will do.
        self.writer.abort();
    }
}

fn main() {}
