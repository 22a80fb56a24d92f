//! What an `if let` holds while its `else` waits.

use std::pin::pin;
use std::task::{Context, Waker};

// ANCHOR: program
struct Guard;

impl Guard {
    fn item(&self) -> Option<u32> {
        None
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

async fn look() {
    if let Some(item) = Guard.item() {
        println!("{item}");
    } else {
        wait().await;
    }
}
// 2021: waits, unlocked
// 2024: unlocked, waits
// ANCHOR_END: program

fn main() {
    let mut context = Context::from_waker(Waker::noop());
    assert!(std::future::Future::poll(pin!(look()), &mut context).is_ready());
}
