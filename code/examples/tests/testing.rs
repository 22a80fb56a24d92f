//! Two recipes of the appendix on testing that need more than Tokio.
//!
//! Run it: `cargo test -p examples --test testing`.

use patterns::cancel_at_every_await::cancel_at_every_await;
use proptest::prelude::*;
use tokio::io::{self, AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, duplex};
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

// ANCHOR: property
async fn read_lines(stream: impl AsyncRead + Unpin) -> io::Result<Vec<String>> {
    let mut lines = BufReader::new(stream).lines();
    let mut all = Vec::new();
    while let Some(line) = lines.next_line().await? {
        all.push(line);
    }
    Ok(all)
}

proptest! {
    #[test]
    fn the_lines_are_the_same_however_the_bytes_are_cut(
        text in "([a-z]{0,9}\n){0,5}",
        size in 1..20_usize,
    ) {
        let runtime = Builder::new_current_thread().start_paused(true).build()?;
        let lines = runtime.block_on(async {
            let (mut client, server) = duplex(size);
            let send = async move {
                for piece in text.as_bytes().chunks(size) {
                    client.write_all(piece).await?;
                    tokio::task::yield_now().await;
                }
                io::Result::Ok(text)
            };
            tokio::try_join!(send, read_lines(server))
        });
        let (text, lines) = lines?;
        prop_assert_eq!(lines, text.lines().collect::<Vec<_>>());
    }
}
// ANCHOR_END: property
