//! A kitchen starts cooking as soon as enough guests sit at the table.
//!
//! It polls for that, once a second, and so it begins up to a second late. Replace the loop
//! by one wait for the state.

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// Returns once at least `enough` guests are there, with their number.
async fn enough_guests(guests: &watch::Sender<u32>, enough: u32) -> u32 {
    // TODO: wait for the state, not for time.
    while *guests.borrow() < enough {
        sleep(Duration::from_secs(1)).await;
    }
    *guests.borrow()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::{sleep, timeout};

    const HOUR: Duration = Duration::from_secs(3600);

    use tokio::time::Instant;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn it_begins_in_the_very_moment() {
        let start = Instant::now();
        let guests = watch::Sender::new(0);
        let arrivals = async {
            for _ in 0..3 {
                sleep(Duration::from_millis(1500)).await;
                guests.send_modify(|guests| *guests += 1);
            }
        };
        let (there, ()) = tokio::join!(enough_guests(&guests, 3), arrivals);
        assert_eq!(there, 3);
        assert_eq!(start.elapsed(), Duration::from_millis(4500));
    }

    #[tokio::test(start_paused = true)]
    async fn guests_who_are_there_already_count() {
        let guests = watch::Sender::new(5);
        let there = timeout(HOUR, enough_guests(&guests, 3)).await;
        assert_eq!(there, Ok(5));
    }
}
