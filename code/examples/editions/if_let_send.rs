//! Whether the future of an `if let` with a guard in its head can go to another thread.

// ANCHOR: program
use std::sync::Mutex;

async fn wait() {}

async fn look(items: &Mutex<Vec<u32>>) {
    if let Some(item) = items.lock().unwrap().pop() {
        println!("{item}");
    } else {
        wait().await;
    }
}

fn assert_send<T: Send>(_: T) {}

fn main() {
    assert_send(look(&Mutex::default()));
}
// 2021: refused, future cannot be sent between threads safely
// 2024: runs
// ANCHOR_END: program
