use tokio::sync::mpsc;
use tokio::task::yield_now;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let polite = tokio::spawn(async {
        yield_now().await;
        yield_now().await;
    });
    let (sender, mut inbox) = mpsc::unbounded_channel();
    for number in 0..200 {
        sender.send(number).unwrap();
    }
    drop(sender);
    while inbox.recv().await.is_some() {}
    polite.await.unwrap();
}
