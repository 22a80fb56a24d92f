//! Wrong: says "stored" before the commit, which may still fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

/// Most rows in one commit, so that the first of them is answered soon.
const TOGETHER: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
struct DiskFull;

#[derive(Default)]
struct Blocks {
    commits: Vec<Vec<u32>>,
    full: bool,
}

/// A disk that takes 10 ms for a commit. All clones are the same disk.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<Blocks>>);

impl Disk {
    /// Stores all of `rows` or, if it fails, none of them.
    async fn commit(&self, rows: Vec<u32>) -> Result<(), DiskFull> {
        sleep(Duration::from_millis(10)).await;
        let mut blocks = self.0.lock().unwrap();
        if blocks.full {
            return Err(DiskFull);
        }
        blocks.commits.push(rows);
        Ok(())
    }
}

struct Request {
    row: u32,
    answer: oneshot::Sender<Result<(), DiskFull>>,
}

/// Stores `row`, by way of the task that writes.
async fn store(requests: &mpsc::Sender<Request>, row: u32) -> Result<(), DiskFull> {
    let (answer, committed) = oneshot::channel();
    let request = Request { row, answer };
    let sent = requests.send(request).await;
    sent.expect("the task writes as long as there are callers");
    committed.await.expect("each request is answered")
}

/// The task that writes: serves `requests` until there are no callers left.
async fn write_all(disk: Disk, mut requests: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(TOGETHER);
    while requests.recv_many(&mut batch, TOGETHER).await > 0 {
        let mut rows = Vec::with_capacity(batch.len());
        for request in batch.drain(..) {
            rows.push(request.row);
            let _ = request.answer.send(Ok(()));
        }
        let _ = disk.commit(rows).await;
    }
}

fn main() {}
