//! A seat is sold to the first who pays for it, and paying takes a while.
//!
//! Complete `buy`: no seat is sold twice, no one pays when there is none, and a seat comes back
//! when the payment fails, or when the buyer leaves in the middle of it.

#![allow(unused_imports)]

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// Whether the buyer has a ticket. `pay` answers whether the payment worked.
async fn buy(seats: &AtomicU32, pay: impl Future<Output = bool>) -> bool {
    // TODO: hold a seat first; who gives it back, and when?
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

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
