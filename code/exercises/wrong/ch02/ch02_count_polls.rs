//! Wrong: counts the polls that ended in `Pending` and forgets the last one.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Returns the future's output, and how often it was polled.
async fn count_polls<F: Future>(future: F) -> (F::Output, usize) {
    let mut future = pin!(future);
    let mut polls = 0;
    let output = poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(output),
        Poll::Pending => {
            polls += 1;
            Poll::Pending
        }
    })
    .await;
    (output, polls)
}

fn main() {}
