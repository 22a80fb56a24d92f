use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, RwLock, Semaphore};
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let count = Arc::new(Mutex::new(0));
    let table = Arc::new(RwLock::new(0));
    let seats = Arc::new(Semaphore::new(1));

    let mut waiting = Vec::new();
    let counted = count.lock().await;
    let written = table.write().await;
    let seat = seats.acquire().await.unwrap();
    let (one, two, three) = (count.clone(), table.clone(), seats.clone());
    waiting.push(tokio::spawn(async move { *one.lock().await += 1 }));
    waiting.push(tokio::spawn(async move { assert_eq!(*two.read().await, 0) }));
    waiting.push(tokio::spawn(async move { drop(three.acquire().await) }));
    sleep(Duration::from_secs(1)).await;

    drop((counted, written, seat));
    for task in waiting {
        task.await.unwrap();
    }
}
