//! Tasks and timers under embassy, on this machine instead of a microcontroller.
//!
//! Run it in the folder `code/examples/runtimes`: `cargo run --bin embassy`.

// ANCHOR: program
use std::process;

use embassy_executor::{Executor, Spawner};
use embassy_time::{Duration, Timer};

#[embassy_executor::task]
async fn blink() {
    for _ in 0..2 {
        println!("on");
        Timer::after(Duration::from_millis(100)).await;
        println!("off");
        Timer::after(Duration::from_millis(100)).await;
    }
    process::exit(0); // A device would go on.
}

fn main() {
    let executor = Box::leak(Box::new(Executor::new()));
    executor.run(|spawner: Spawner| {
        spawner.spawn(blink().expect("there's a place for one"));
        assert!(blink().is_err()); // And only for one.
    })
}
// ANCHOR_END: program
