use std::time::Duration;
use futures::future::join_all;
use futures::stream::{self, FuturesUnordered, StreamExt};
use tokio::time::sleep;

async fn after(seconds: u64) -> u64 {
    sleep(Duration::from_secs(seconds)).await;
    seconds
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let mut waiting: FuturesUnordered<_> = [2, 1].map(after).into_iter().collect();
    assert_eq!(waiting.next().await, Some(1));
    assert_eq!(waiting.next().await, Some(2));

    assert_eq!(join_all([after(2), after(1)]).await, [2, 1]);

    let mut two = stream::iter([3, 2, 1]).map(after).buffer_unordered(2);
    assert_eq!(two.next().await, Some(2));
    assert_eq!(two.collect::<Vec<_>>().await, [3, 1]);
}
