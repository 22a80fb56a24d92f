use futures::StreamExt as _;
use std::time::Duration;
use tokio_stream::StreamExt as _;

#[tokio::main]
async fn main() {
    let slow = futures::stream::pending::<u32>();
    let mut limited = Box::pin(slow.timeout(Duration::from_secs(1)));
    let first = limited.next().await;
    assert!(first.is_some());
}
