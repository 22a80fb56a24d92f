//! Wrong: waits for a change first, though enough may be there already.

use tokio::sync::watch;

/// Returns once at least `enough` guests are there, with their number.
async fn enough_guests(guests: &watch::Sender<u32>, enough: u32) -> u32 {
    let mut table = guests.subscribe();
    loop {
        table.changed().await.expect("the sender is borrowed here");
        let there = *table.borrow_and_update();
        if there >= enough {
            return there;
        }
    }
}

fn main() {}

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
