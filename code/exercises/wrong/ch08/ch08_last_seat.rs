//! Wrong: the seat is given back after the await, a line that a buyer who leaves never reaches.

#![allow(unused_imports)]

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// Whether the buyer has a ticket. `pay` answers whether the payment worked.
async fn buy(seats: &AtomicU32, pay: impl Future<Output = bool>) -> bool {
    let one_less = |seats: u32| seats.checked_sub(1);
    if seats.fetch_update(SeqCst, SeqCst, one_less).is_err() {
        return false;
    }
    let paid = pay.await;
    if !paid {
        seats.fetch_add(1, SeqCst);
    }
    paid
}

fn main() {}
