use std::rc::Rc;
use tokio::task::yield_now;

async fn count_words(text: String) -> usize {
    let shared = Rc::new(text);
    let words = shared.split(' ').count();
    drop(shared);
    yield_now().await;
    words
}

#[tokio::main]
async fn main() {
    let task = tokio::spawn(count_words("two words".to_string()));
    assert_eq!(task.await.unwrap(), 2);
}
