use std::sync::{Arc, Mutex};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let total = Arc::new(Mutex::new(0));
    let held = total.lock().expect("nobody panicked");
    let other = Arc::clone(&total);
    let adds = tokio::spawn(async move { *other.lock().expect("nobody panicked") += 1 });
    adds.await.expect("no panic");
    drop(held);
}
