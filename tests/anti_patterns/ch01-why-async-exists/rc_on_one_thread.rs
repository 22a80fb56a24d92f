use std::rc::Rc;
use tokio::task::yield_now;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let total = Rc::new(15);
    let task = tokio::spawn(async move {
        yield_now().await;
        *total
    });
    assert_eq!(task.await.unwrap(), 15);
}
