use std::rc::Rc;
use tokio::task::yield_now;

async fn count_words(text: String) -> usize {
    let shared = Rc::new(text);
    yield_now().await;
    shared.split(' ').count()
}

#[tokio::main]
async fn main() {
    let task = tokio::spawn(count_words("two words".to_string()));
    assert_eq!(task.await.unwrap(), 2);
}
