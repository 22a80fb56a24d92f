use std::sync::Mutex;
use tokio::task::yield_now;

static HITS: Mutex<u32> = Mutex::new(0);

async fn count_hit() {
    let mut hits = HITS.lock().unwrap();
    *hits += 1;
    drop(hits);
    yield_now().await;
}

#[tokio::main]
async fn main() {
    tokio::spawn(count_hit()).await.unwrap();
    assert_eq!(*HITS.lock().unwrap(), 1);
}
