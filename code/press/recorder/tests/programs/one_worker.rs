use tokio::sync::mpsc;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let (sender, mut inbox) = mpsc::channel(1);
    let parent = tokio::spawn(async move {
        let child = tokio::spawn(async move {
            sender.send(1).await.unwrap();
        });
        assert_eq!(inbox.recv().await, Some(1));
        child.await.unwrap();
    });
    parent.await.unwrap();
}
