use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use futures::future::join_all;
use tokio::time::{Duration, Instant, timeout};
use tokio_test::{assert_pending, task};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// What was written, by commits.
type Commits = Arc<Mutex<Vec<Vec<u32>>>>;

/// Numbers. Each of the two may fail once.
#[derive(Default)]
struct Book {
    commits: Commits,
    begin: Option<&'static str>,
    commit: Option<&'static str>,
    /// When it's dropped, this must not be closed yet.
    stopped: Option<watch::Sender<()>>,
}

impl Store for Book {
    type Transaction<'a> = Vec<u32>;
    type Error = &'static str;

    fn transact(&mut self, work: impl FnOnce(&mut Vec<u32>)) -> Result<(), &'static str> {
        self.begin.take().map_or(Ok(()), Err)?;
        let mut written = Vec::new();
        work(&mut written);
        self.commit.take().map_or(Ok(()), Err)?;
        self.commits.lock().unwrap().push(written);
        Ok(())
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        let stopped = self.stopped.as_ref();
        assert!(stopped.is_none_or(|stopped| !stopped.is_closed()));
    }
}

/// Writes a number, and returns which of its transaction it is.
fn write(number: u32) -> impl FnOnce(&mut Vec<u32>) -> usize + Send + 'static {
    move |written| {
        written.push(number);
        written.len()
    }
}

fn start(waiting: usize, together: usize) -> (GroupCommit<Book>, Worker<Book>, Book, Commits) {
    let (writer, worker) = group_commit(waiting, together);
    let book = Book::default();
    let commits = Arc::clone(&book.commits);
    (writer, worker, book, commits)
}

fn seen(commits: &Commits) -> Vec<Vec<u32>> {
    commits.lock().unwrap().clone()
}

#[tokio::test]
async fn callers_that_wait_together_share_one_commit() {
    let (writer, worker, book, commits) = start(10, 4);
    let calls = [1, 2, 3].map(|number| writer.try_run(write(number)).expect("room"));
    drop(writer);
    worker.run(book).await;
    assert_eq!(join_all(calls).await, [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(seen(&commits), [[1, 2, 3]]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_alone_waits_for_no_company() {
    let (writer, worker, book, commits) = start(10, 4);
    tokio::spawn(worker.run(book));
    let begun = Instant::now();
    for number in [1, 2] {
        let call = timeout(SECOND, writer.run(write(number)));
        assert_eq!(call.await, Ok(Ok(1)));
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(seen(&commits), [[1], [2]]);
}

#[tokio::test]
async fn no_more_than_so_many_share_a_commit() {
    let (writer, worker, book, commits) = start(10, 4);
    let calls: Vec<_> = (0..10).map(|it| writer.try_run(write(it))).collect();
    drop(writer);
    worker.run(book).await;
    assert!(calls.iter().all(Option::is_some));
    let sizes: Vec<_> = seen(&commits).iter().map(Vec::len).collect();
    assert_eq!(sizes, [4, 4, 2]);
}

#[tokio::test]
async fn work_is_done_in_the_order_of_the_calls_whoever_is_polled_first() {
    let (writer, worker, book, commits) = start(10, 2);
    let mut calls = [1, 2, 3].map(|number| writer.try_run(write(number)).expect("room"));
    calls.reverse();
    drop(writer);
    let (answers, ()) = tokio::join!(join_all(calls), worker.run(book));
    assert_eq!(answers, [Ok(1), Ok(2), Ok(1)]);
    assert_eq!(seen(&commits), [vec![1, 2], vec![3]]);
}

#[tokio::test]
async fn a_failed_commit_is_told_to_all_who_shared_it_and_the_next_one_goes_on() {
    let (writer, worker, mut book, commits) = start(10, 4);
    book.commit = Some("the disk is full");
    let calls = [1, 2].map(|number| writer.try_run(write(number)).expect("room"));
    tokio::spawn(worker.run(book));
    let failed = Err(CommitError::Transaction("the disk is full"));
    assert_eq!(join_all(calls).await, [failed, failed]);
    assert_eq!(writer.run(write(3)).await, Ok(1));
    assert_eq!(seen(&commits), [[3]]);
}

#[tokio::test]
async fn without_a_beginning_no_work_is_run_and_all_are_told() {
    let (writer, worker, mut book, commits) = start(10, 4);
    book.begin = Some("the file is locked");
    let ran = Arc::new(AtomicBool::new(false));
    let calls = [1, 2].map(|_| {
        let ran = Arc::clone(&ran);
        let call = writer.try_run(move |_| ran.store(true, SeqCst));
        call.expect("room")
    });
    tokio::spawn(worker.run(book));
    let failed = Err(CommitError::Transaction("the file is locked"));
    assert_eq!(join_all(calls).await, [failed, failed]);
    assert_eq!(writer.run(write(3)).await, Ok(1));
    assert!(!ran.load(SeqCst));
    assert_eq!(seen(&commits), [[3]]);
}

#[tokio::test]
async fn a_caller_that_goes_changes_nothing() {
    let (writer, worker, book, commits) = start(10, 4);
    let [first, gone, third] = [1, 2, 3].map(|number| writer.try_run(write(number)));
    drop((writer, gone));
    worker.run(book).await;
    assert_eq!(first.expect("room").await, Ok(1));
    assert_eq!(third.expect("room").await, Ok(3));
    assert_eq!(seen(&commits), [[1, 2, 3]]);
}

#[tokio::test]
async fn a_full_door_waits_or_says_so() {
    let (writer, worker, book, commits) = start(1, 4);
    let first = writer.try_run(write(1)).expect("room");
    assert!(writer.try_run(write(2)).is_none());
    let mut waits = task::spawn(writer.run(write(3)));
    let mut leaves = task::spawn(writer.run(write(4)));
    assert_pending!(waits.poll());
    assert_pending!(leaves.poll());
    drop(leaves);
    tokio::spawn(worker.run(book));
    assert_eq!((first.await, waits.await), (Ok(1), Ok(1)));
    assert_eq!(writer.run(write(5)).await, Ok(1));
    assert_eq!(seen(&commits), [[1], [3], [5]]);
}

#[tokio::test(start_paused = true)]
async fn closing_answers_those_who_wait_and_ends_when_the_store_is_gone() {
    let (writer, worker, mut book, commits) = start(10, 4);
    book.stopped = Some(writer.stopped.clone());
    let calls: Vec<_> = (0..6).map(|it| writer.try_run(write(it))).collect();
    let mut closing = task::spawn(writer.close());
    assert_pending!(closing.poll());
    let calls = join_all(calls.into_iter().flatten());
    let late = [6, 7].map(|number| writer.try_run(write(number)).expect("room"));
    let ends = timeout(SECOND, async { tokio::join!(worker.run(book), closing) });
    ends.await.expect("it ends");
    assert_eq!(calls.await, [Ok(1), Ok(2), Ok(3), Ok(4), Ok(1), Ok(2)]);
    assert_eq!(join_all(late).await, [Ok(3), Ok(1)]);
    assert_eq!(Arc::strong_count(&commits), 1);
    assert_eq!(writer.run(write(8)).await, Err(CommitError::Stopped));
    let late = writer.try_run(write(9)).expect("an answer");
    assert_eq!(late.await, Err(CommitError::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_panic_stops_the_worker_and_all_who_wait_are_told() {
    let (writer, worker, book, commits) = start(10, 2);
    let first = writer.try_run(write(1)).expect("room");
    let bad = writer.try_run(|_| panic!("a bad unit of work"));
    let third = writer.try_run(write(3)).expect("room");
    let ends = timeout(SECOND, tokio::spawn(worker.run(book)));
    let ended = ends.await.expect("it ends");
    assert!(ended.expect_err("with the panic").is_panic());
    let stopped = Err(CommitError::Stopped);
    assert_eq!((first.await, third.await), (stopped, stopped));
    assert_eq!(bad.expect("room").await, Err::<(), _>(CommitError::Stopped));
    assert_eq!(writer.run(write(4)).await, stopped);
    assert!(seen(&commits).is_empty());
}

#[tokio::test]
async fn a_thread_ends_with_the_last_handle() {
    let (writer, worker, book, commits) = start(10, 4);
    let thread = thread::spawn(|| worker.run_blocking(book));
    let other = writer.clone();
    assert_eq!(writer.run(write(1)).await, Ok(1));
    drop(writer);
    assert_eq!(other.run(write(2)).await, Ok(1));
    drop(other);
    thread.join().expect("no panic");
    assert_eq!(seen(&commits), [[1], [2]]);
}
