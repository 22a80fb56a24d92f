use tokio::sync::{broadcast, oneshot, watch};
use tokio::task::yield_now;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (answer, question) = oneshot::channel();
    let (news, mut radio) = broadcast::channel(4);
    let (level, mut gauge) = watch::channel(0);

    let asks = tokio::spawn(question);
    let listens = tokio::spawn(async move { radio.recv().await });
    let watches = tokio::spawn(async move { gauge.changed().await });
    yield_now().await;

    answer.send("yes").unwrap();
    news.send("rain").unwrap();
    level.send(7).unwrap();
    assert_eq!(asks.await.unwrap(), Ok("yes"));
    assert_eq!(listens.await.unwrap(), Ok("rain"));
    assert!(watches.await.unwrap().is_ok());
}
