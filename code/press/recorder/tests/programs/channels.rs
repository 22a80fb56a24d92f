use tokio::sync::{broadcast, mpsc, oneshot, watch};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (numbers, mut inbox) = mpsc::channel(1);
    let (answer, question) = oneshot::channel();
    let (news, mut radio) = broadcast::channel(4);
    let (level, mut gauge) = watch::channel(0);

    let producer = tokio::spawn(async move {
        for number in 0..2 {
            numbers.send(number).await.unwrap();
        }
        answer.send("yes").unwrap();
        news.send("rain").unwrap();
        level.send(7).unwrap();
    });

    while let Some(number) = inbox.recv().await {
        assert!(number < 2);
    }
    assert_eq!(question.await, Ok("yes"));
    assert_eq!(radio.recv().await, Ok("rain"));
    gauge.changed().await.unwrap();
    producer.await.unwrap();
}
