use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let sum = tokio::task::spawn_blocking(|| {
        thread::sleep(Duration::from_millis(10));
        2 + 2
    });
    assert_eq!(sum.await.unwrap(), 4);

    let (answer, question) = oneshot::channel();
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(10));
        answer.send(4).unwrap();
    });
    assert_eq!(question.await, Ok(4));
    thread.join().unwrap();

    thread::sleep(Duration::from_millis(1));
}
