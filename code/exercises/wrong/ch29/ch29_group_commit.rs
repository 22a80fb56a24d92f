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

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use tokio::time::{Instant, timeout};

    fn started() -> (Disk, mpsc::Sender<Request>) {
        let disk = Disk::default();
        let (requests, waiting) = mpsc::channel(100);
        tokio::spawn(write_all(disk.clone(), waiting));
        (disk, requests)
    }

    fn commits(disk: &Disk) -> Vec<Vec<u32>> {
        disk.0.lock().unwrap().commits.clone()
    }

    /// All calls at once, and what each was answered within an hour.
    async fn all(
        requests: &mpsc::Sender<Request>,
        rows: impl IntoIterator<Item = u32>,
    ) -> Vec<Result<(), DiskFull>> {
        let calls = join_all(rows.into_iter().map(|row| store(requests, row)));
        let hour = Duration::from_secs(3600);
        timeout(hour, calls).await.expect("an answer should come")
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_caller_that_comes_alone_waits_for_one_commit_and_not_for_company() {
        let (disk, requests) = started();
        let start = Instant::now();
        assert_eq!(all(&requests, [1]).await, [Ok(())]);
        assert_eq!(start.elapsed().as_millis(), 10);
        assert_eq!(commits(&disk), [[1]]);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_come_together_share_a_commit() {
        let (disk, requests) = started();
        all(&requests, 0..20).await;
        assert_eq!(commits(&disk), [Vec::from_iter(0..20)]);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_come_during_a_commit_share_the_next_one() {
        let (disk, requests) = started();
        let late = async {
            sleep(Duration::from_millis(5)).await;
            all(&requests, 1..20).await
        };
        tokio::join!(all(&requests, [0]), late);
        assert_eq!(commits(&disk), [vec![0], Vec::from_iter(1..20)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_commit_has_a_limit() {
        let (disk, requests) = started();
        all(&requests, 0..300).await;
        let commits = commits(&disk);
        let largest = commits.iter().map(Vec::len).max();
        assert!(largest <= Some(TOGETHER), "{largest:?} rows in a commit");
        let mut stored = commits.concat();
        stored.sort_unstable();
        assert_eq!(stored, Vec::from_iter(0..300));
    }

    #[tokio::test(start_paused = true)]
    async fn stored_means_stored() {
        let (disk, requests) = started();
        for row in 0..3 {
            assert_eq!(all(&requests, [row]).await, [Ok(())]);
            let stored = commits(&disk).concat();
            assert!(stored.contains(&row), "answered before the commit");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn when_a_commit_fails_each_of_its_callers_is_told() {
        let (disk, requests) = started();
        disk.0.lock().unwrap().full = true;
        assert_eq!(all(&requests, [1, 2, 3]).await, vec![Err(DiskFull); 3]);
        disk.0.lock().unwrap().full = false;
        assert_eq!(all(&requests, [4, 5]).await, [Ok(()), Ok(())]);
        assert_eq!(commits(&disk), [[4, 5]], "what failed is not stored");
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_gave_up_harms_nobody() {
        let (disk, requests) = started();
        let impatient = timeout(Duration::from_millis(1), store(&requests, 1));
        let (gone, answers) = tokio::join!(impatient, all(&requests, [2, 3]));
        assert!(gone.is_err(), "a commit takes longer");
        assert_eq!(answers, [Ok(()), Ok(())]);
        assert_eq!(commits(&disk), [[1, 2, 3]]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_when_there_are_no_callers_left() {
        let (requests, waiting) = mpsc::channel(100);
        let writer = tokio::spawn(write_all(Disk::default(), waiting));
        all(&requests, [1]).await;
        drop(requests);
        let ended = timeout(Duration::from_secs(3600), writer).await;
        ended.expect("it still waits").expect("it should not panic");
    }
}
