//! A seat is held while the bank is asked, so that it isn't sold twice. Guests who lose
//! patience in between leave, and their seat stays held forever: soon the hall is full
//! and empty.
//!
//! Make `sell` give the seat back however it ends. The lock is not held while it waits.

use std::sync::Mutex;

struct Hall {
    free: u32,
    sold: Vec<&'static str>,
}

// TODO: a guard that gives the seat back.

/// Sells a seat to `guest` if one is free and `payment` comes to `true`.
async fn sell(
    hall: &Mutex<Hall>,
    guest: &'static str,
    payment: impl Future<Output = bool>,
) -> bool {
    {
        let mut hall = hall.lock().unwrap();
        if hall.free == 0 {
            return false;
        }
        hall.free -= 1; // Held for this guest, while the bank is asked.
    }
    let paid = payment.await;
    let mut hall = hall.lock().unwrap();
    if paid {
        hall.sold.push(guest);
    } else {
        hall.free += 1;
    }
    paid
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Duration, sleep, timeout};

    fn hall(free: u32) -> Mutex<Hall> {
        let sold = Vec::new();
        Mutex::new(Hall { free, sold })
    }

    async fn bank(answer: bool) -> bool {
        sleep(Duration::from_secs(5)).await;
        answer
    }

    fn books(hall: &Mutex<Hall>) -> (u32, Vec<&'static str>) {
        let hall = hall.lock().unwrap();
        (hall.free, hall.sold.clone())
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_seat_that_is_paid_for_is_sold() {
        let hall = hall(2);
        assert!(sell(&hall, "Ada", bank(true)).await);
        assert_eq!(books(&hall), (1, vec!["Ada"]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_seat_that_is_not_paid_for_is_free_again() {
        let hall = hall(2);
        assert!(!sell(&hall, "Ada", bank(false)).await);
        assert_eq!(books(&hall), (2, vec![]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_guest_who_gives_up_leaves_a_free_seat() {
        let hall = hall(1);
        let patience = Duration::from_secs(1);
        for _ in 0..2 {
            let sale = timeout(patience, sell(&hall, "Ada", bank(true)));
            assert!(sale.await.is_err());
            assert_eq!(books(&hall), (1, vec![]));
        }
        assert!(sell(&hall, "Bob", bank(true)).await);
        assert_eq!(books(&hall), (0, vec!["Bob"]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_sale_that_never_began_changes_nothing() {
        let hall = hall(1);
        drop(sell(&hall, "Ada", bank(true)));
        assert_eq!(books(&hall), (1, vec![]));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_seat_is_sold_once() {
        let hall = hall(1);
        let ada = sell(&hall, "Ada", bank(true));
        let bob = sell(&hall, "Bob", bank(true));
        assert_eq!(tokio::join!(ada, bob), (true, false));
        assert_eq!(books(&hall), (0, vec!["Ada"]));
    }
}
