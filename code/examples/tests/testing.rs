//! Two recipes of the appendix on testing that need more than Tokio, and a fault that each finds.
//!
//! Run it: `cargo test -p examples --test testing`.

use patterns::cancel_at_every_await::cancel_at_every_await;
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use tokio::io::{self, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::io::{DuplexStream, duplex};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Duration, sleep};

// ANCHOR: cancelled
/// Hands one job on: place first, so that the job is never in between.
async fn hand_on(from: &mut Receiver<u32>, to: &Sender<u32>) -> Option<()> {
    let place = to.reserve().await.ok()?;
    place.send(from.recv().await?);
    Some(())
}

#[test]
fn no_job_is_lost_wherever_the_hand_over_is_cut() {
    let waits = cancel_at_every_await(async |cut| {
        let (jobs, mut from) = mpsc::channel(1);
        let (to, mut done) = mpsc::channel(1);
        jobs.send(2).await.expect("it is open");
        to.send(1).await.expect("it is open"); // It is full now.
        drop(jobs);
        let worker = tokio::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            [done.recv().await, done.recv().await]
        });

        if cut.run(hand_on(&mut from, &to)).await.is_none() {
            let again = hand_on(&mut from, &to).await;
            again.expect("job 2 is still there");
        }
        let done = worker.await.expect("no panic");
        assert_eq!(done, [Some(1), Some(2)]);
    });
    assert_eq!(waits, 1);
}
// ANCHOR_END: cancelled

/// Takes the job first, and has it in hand while it waits for a place.
async fn hand_on_from_hand(from: &mut Receiver<u32>, to: &Sender<u32>) -> Option<()> {
    let job = from.recv().await?;
    to.send(job).await.ok()
}

#[test]
#[should_panic(expected = "future dropped asleep at point 1: job 2 is still there")]
fn a_job_in_hand_is_lost() {
    cancel_at_every_await(async |cut| {
        let (jobs, mut from) = mpsc::channel(1);
        let (to, _done) = mpsc::channel(1);
        jobs.send(2).await.expect("it is open");
        to.send(1).await.expect("it is open"); // It is full now.
        drop(jobs);

        let handed_on = hand_on_from_hand(&mut from, &to);
        if cut.run(handed_on).await.is_none() {
            from.recv().await.expect("job 2 is still there");
        }
    });
}

// ANCHOR: property
async fn read_lines(stream: impl AsyncRead + Unpin) -> io::Result<Vec<String>> {
    let mut lines = BufReader::new(stream).lines();
    let mut all = Vec::new();
    while let Some(line) = lines.next_line().await? {
        all.push(line);
    }
    Ok(all)
}

/// What `read` makes of a text that comes in pieces of this size.
fn read_in_pieces<F>(
    size: usize,
    text: &str,
    read: impl FnOnce(DuplexStream) -> F,
) -> io::Result<Vec<String>>
where
    F: Future<Output = io::Result<Vec<String>>>,
{
    let runtime = Builder::new_current_thread().start_paused(true).build()?;
    runtime.block_on(async {
        let (mut client, server) = duplex(size);
        let send = async move {
            for piece in text.as_bytes().chunks(size) {
                client.write_all(piece).await?;
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        let ((), lines) = tokio::try_join!(send, read(server))?;
        Ok(lines)
    })
}

proptest! {
    #[test]
    fn the_lines_are_the_same_however_the_bytes_are_cut(
        size in 1..20_usize,
        text in "([a-z]{0,9}\n){0,5}",
    ) {
        let lines = read_in_pieces(size, &text, read_lines)?;
        prop_assert_eq!(lines, text.lines().collect::<Vec<_>>());
    }
}
// ANCHOR_END: property

/// Takes what each read gives for whole lines.
async fn read_whole_lines(mut stream: DuplexStream) -> io::Result<Vec<String>> {
    let (mut all, mut buffer) = (Vec::new(), [0; 64]);
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(all);
        }
        let read = String::from_utf8_lossy(&buffer[..length]);
        all.extend(read.lines().map(str::to_owned));
    }
}

#[test]
fn the_smallest_case_is_named() {
    let cases = (1..20_usize, "([a-z]{0,9}\n){0,5}");
    let result = TestRunner::deterministic().run(&cases, |(size, text)| {
        let lines = read_in_pieces(size, &text, read_whole_lines)?;
        prop_assert_eq!(lines, text.lines().collect::<Vec<_>>());
        Ok(())
    });
    let Err(TestError::Fail(_, smallest)) = result else {
        panic!("it notices nothing");
    };
    assert_eq!(smallest, (1, "a\n".to_owned()));
}
