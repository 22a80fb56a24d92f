#![allow(unused_imports)]

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// A seat that is taken, and not paid for yet.
struct Hold<'a>(&'a AtomicU32);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Whether the buyer has a ticket. `pay` answers whether the payment worked.
async fn buy(seats: &AtomicU32, pay: impl Future<Output = bool>) -> bool {
    let one_less = |seats: u32| seats.checked_sub(1);
    if seats.fetch_update(SeqCst, SeqCst, one_less).is_err() {
        return false;
    }
    let hold = Hold(seats);
    let paid = pay.await;
    if paid {
        std::mem::forget(hold);
    }
    paid
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use std::future::{pending, ready};
    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready_eq};

    #[test]
    fn who_pays_has_a_ticket() {
        let seats = AtomicU32::new(2);
        assert_ready_eq!(spawn(buy(&seats, ready(true))).poll(), true);
        assert_eq!(seats.load(SeqCst), 1);
    }

    #[test]
    fn when_it_is_sold_out_no_one_pays() {
        let seats = AtomicU32::new(0);
        let pay = async { panic!("paid for nothing") };
        assert_ready_eq!(spawn(buy(&seats, pay)).poll(), false);
        assert_eq!(seats.load(SeqCst), 0);
    }

    #[test]
    fn the_last_seat_is_sold_once() {
        let seats = AtomicU32::new(1);
        let mut first = spawn(buy(&seats, pending()));
        assert_pending!(first.poll());
        assert_ready_eq!(spawn(buy(&seats, ready(true))).poll(), false);
    }

    #[test]
    fn a_seat_comes_back_when_the_payment_fails() {
        let seats = AtomicU32::new(1);
        assert_ready_eq!(spawn(buy(&seats, ready(false))).poll(), false);
        assert_eq!(seats.load(SeqCst), 1);
    }

    #[test]
    fn a_seat_comes_back_when_its_buyer_leaves() {
        let seats = AtomicU32::new(1);
        let mut buyer = spawn(buy(&seats, pending()));
        assert_pending!(buyer.poll());
        drop(buyer);
        assert_eq!(seats.load(SeqCst), 1);
    }
}
