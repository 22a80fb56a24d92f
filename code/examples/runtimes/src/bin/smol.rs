//! Tasks and timers under smol.
//!
//! Run it in the folder `code/examples/runtimes`: `cargo run --bin smol`.

// ANCHOR: program
use std::time::Duration;

use smol::Timer;

async fn brew(what: &str) {
    Timer::after(Duration::from_millis(100)).await;
    println!("{what} is ready");
}

fn main() {
    smol::block_on(async {
        let tea = smol::spawn(brew("tea"));
        let cake = smol::spawn(brew("cake"));
        drop(cake); // Cancels it.
        tea.await;
        brew("coffee").await;
    });
}
// ANCHOR_END: program
