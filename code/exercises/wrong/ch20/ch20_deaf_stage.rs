//! Wrong: counts rightly, but reads its input to the end.

use tokio::sync::mpsc;

/// Squares what comes, and returns how many squares were delivered.
async fn square(mut input: mpsc::Receiver<u64>, output: mpsc::Sender<u64>) -> usize {
    let mut delivered = 0;
    while let Some(number) = input.recv().await {
        if output.send(number * number).await.is_ok() {
            delivered += 1;
        }
    }
    delivered
}

fn main() {}
