//! Wrong: stops at the first moment at which the channel is empty: that is not the end.

use tokio::sync::mpsc;

/// Runs a stage for each part, and collects what they send, sorted.
async fn collect(parts: Vec<Vec<u32>>) -> Vec<u32> {
    let (results, mut sink) = mpsc::channel(4);
    for part in parts {
        let results = results.clone();
        tokio::spawn(async move {
            for number in part {
                results.send(number * 10).await.expect("the sink listens");
            }
        });
    }
    tokio::task::yield_now().await;
    let mut all = Vec::new();
    while let Ok(number) = sink.try_recv() {
        all.push(number);
    }
    all.sort();
    all
}

fn main() {}
