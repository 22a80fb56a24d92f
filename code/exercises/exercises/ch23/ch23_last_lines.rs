//! Lab 6. "After a stop, the last lines of the log are missing, and more of them when there was
//! much to do. There is no error."
//!
//! Find what is still under way when `close` returns. After `close`, all lines that were
//! written before it are in the file.

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

// TODO: find what is under way when `close` returns.
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
        self.writer.abort();
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::Handle;
    use tokio::time::timeout;

    async fn lines_after(count: usize) -> usize {
        let file = File::default();
        let log = Log::open(Arc::clone(&file));
        for line in 0..count {
            log.write(&format!("line {line}"));
        }
        let hour = Duration::from_secs(3600);
        timeout(hour, log.close()).await.expect("it hangs");
        file.lock().unwrap().len()
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_few_lines_are_in_the_file_after_close() {
        assert_eq!(lines_after(3).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn so_are_many() {
        assert_eq!(lines_after(1_000).await, 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn the_writer_does_not_outlive_the_log() {
        lines_after(3).await;
        sleep(Duration::from_secs(1)).await;
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    }
}
