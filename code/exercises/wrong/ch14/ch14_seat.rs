//! Wrong: holds no seat while the bank is asked, so there is nothing to give back and the last one is sold twice.

use std::sync::Mutex;

struct Hall {
    free: u32,
    sold: Vec<&'static str>,
}

/// Sells a seat to `guest` if one is free and `payment` comes to `true`.
async fn sell(
    hall: &Mutex<Hall>,
    guest: &'static str,
    payment: impl Future<Output = bool>,
) -> bool {
    if hall.lock().unwrap().free == 0 {
        return false;
    }
    let paid = payment.await;
    if paid {
        let mut hall = hall.lock().unwrap();
        hall.free = hall.free.saturating_sub(1);
        hall.sold.push(guest);
    }
    paid
}

fn main() {}
