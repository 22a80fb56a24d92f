use std::rc::Rc;
use std::time::Duration;
use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let shared = Rc::new(5);
    let local = LocalSet::new();
    let sum = local.run_until(async {
        let copy = shared.clone();
        let worker = spawn_local(async move {
            sleep(Duration::from_secs(1)).await;
            *copy
        });
        yield_now().await;
        worker.await.unwrap() + 1
    });
    assert_eq!(sum.await, 6);
}
