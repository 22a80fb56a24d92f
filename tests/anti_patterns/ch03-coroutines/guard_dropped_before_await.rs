use std::sync::Mutex;
use tokio::task::yield_now;

static HITS: Mutex<u32> = Mutex::new(0);

async fn count() {
    let mut hits = HITS.lock().unwrap();
    *hits += 1;
    drop(hits);
    yield_now().await;
}

#[tokio::main]
async fn main() {
    tokio::spawn(count()).await.unwrap();
}
