//! A timer of smol's in a task of Tokio's, whose runtime has no timers here.
//!
//! Run it in the folder `code/examples/runtimes`: `cargo run --bin smol-in-tokio`.

use std::time::Duration;

use smol::Timer;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let task = tokio::spawn(async {
        Timer::after(Duration::from_millis(100)).await;
        println!("tea is ready");
    });
    task.await.expect("no panic");
}
