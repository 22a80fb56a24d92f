//! Whether braces around an expression end its guard.

use std::pin::pin;
use std::task::{Context, Waker};

struct Guard;

impl Guard {
    fn item(&self) -> u32 {
        3
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        println!("unlocked");
    }
}

async fn wait() {
    println!("waits");
}

// ANCHOR: program
async fn look() {
    match { Guard.item() } {
        3 => wait().await,
        _ => {}
    }
}
// 2021: waits, unlocked
// 2024: unlocked, waits
// ANCHOR_END: program

fn main() {
    let mut context = Context::from_waker(Waker::noop());
    assert!(std::future::Future::poll(pin!(look()), &mut context).is_ready());
}
