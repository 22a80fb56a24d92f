//! A worker that must survive its jobs. `run` may panic; the worker goes on, and sends the
//! job that made it panic to `bad`.

use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use tokio::sync::mpsc;

/// Runs all jobs. Those that panic are sent to `bad`; the others count.
async fn work<F>(
    mut queue: mpsc::Receiver<u32>,
    bad: mpsc::UnboundedSender<u32>,
    run: impl Fn(u32) -> F,
) -> u32
where
    F: Future<Output = ()>,
{
    let mut done = 0;
    while let Some(job) = queue.recv().await {
        // TODO: a panic in `run` must not end this loop.
        let _ = (AssertUnwindSafe(()), async {}.catch_unwind(), &bad);
        run(job).await;
        done += 1;
    }
    done
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn outcome<F: Future<Output = ()>>(run: impl Fn(u32) -> F) -> (u32, Vec<u32>) {
        let (jobs, queue) = mpsc::channel(8);
        let (bad, mut reported) = mpsc::unbounded_channel();
        for job in 1..=5 {
            jobs.send(job).await.unwrap();
        }
        drop(jobs);
        let done = work(queue, bad, run).await;
        let mut handed_back = Vec::new();
        while let Some(job) = reported.recv().await {
            handed_back.push(job);
        }
        (done, handed_back)
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test]
    async fn a_job_that_panics_is_handed_back_and_the_others_are_done() {
        let run = async |job| assert_ne!(job, 3, "a bad job");
        assert_eq!(outcome(|job| run(job)).await, (4, vec![3]));
    }

    #[tokio::test]
    async fn a_panic_before_the_first_poll_is_one_too() {
        let run = |job| {
            assert_ne!(job % 2, 0, "a bad job");
            std::future::ready(())
        };
        assert_eq!(outcome(run).await, (3, vec![2, 4]));
    }
}
