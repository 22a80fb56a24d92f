//! Wrong: looks at the number after the poll, so 0 polls are 1, and it does not wait to be woken.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// What became of one run.
struct Report {
    /// The future was not cut.
    finished: bool,
    /// Something was missing afterwards.
    lost: bool,
}

/// Polls `future` at most `polls` times. Returns its output, or drops it when it would be
/// polled once more and returns `None`.
async fn cut<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        polled += 1;
        match polled >= polls {
            true => Poll::Ready(None),
            false => Poll::Pending,
        }
    })
    .await
}

/// Runs `scenario` with 0, 1, 2, … polls, until it says that its future has finished.
/// Returns the numbers of polls at which something was lost.
async fn losses(scenario: impl AsyncFn(usize) -> Report) -> Vec<usize> {
    let mut lossy = Vec::new();
    for polls in 0.. {
        let report = scenario(polls).await;
        if report.lost {
            lossy.push(polls);
        }
        if report.finished {
            break;
        }
    }
    lossy
}

fn main() {}
