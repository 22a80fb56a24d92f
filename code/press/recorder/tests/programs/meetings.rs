use std::sync::Arc;
use tokio::sync::{Barrier, Notify};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let bell = Arc::new(Notify::new());
    let door = Arc::new(Barrier::new(2));

    let rung = bell.clone();
    let guest = tokio::spawn(async move { rung.notified().await });
    let door_too = door.clone();
    let early = tokio::spawn(async move { door_too.wait().await.is_leader() });
    tokio::task::yield_now().await;

    bell.notify_one();
    assert!(door.wait().await.is_leader());
    guest.await.unwrap();
    assert!(!early.await.unwrap());
}
