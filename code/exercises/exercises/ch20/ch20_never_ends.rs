//! Three stages send their results to one sink, and `collect` never returns.
//!
//! Find what keeps the channel open. The stages are right.

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
    // TODO: who else holds a sender?
    let mut all = Vec::new();
    while let Some(number) = sink.recv().await {
        all.push(number);
    }
    all.sort();
    all
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::timeout;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn it_returns_when_all_stages_are_done() {
        let parts = vec![(0..9).collect(), (9..20).collect(), vec![]];
        let all = timeout(Duration::from_secs(60), collect(parts)).await;
        let expected: Vec<u32> = (0..20).map(|number| number * 10).collect();
        assert_eq!(all, Ok(expected));
    }
}
