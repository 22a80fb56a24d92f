use std::sync::Mutex;
use tokio::time::{Duration, Instant, sleep_until};

/// The rest of one host.
struct Rest(Mutex<Instant>);

impl Rest {
    /// The host wants to be left alone for so long, from now on.
    fn at_least(&self, rest: Duration) {
        let mut until = self.0.lock().unwrap();
        *until = (*until).max(Instant::now() + rest);
    }

    /// Waits until the rest is over.
    async fn over(&self) {
        loop {
            let until = *self.0.lock().unwrap();
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    const SECOND: Duration = Duration::from_secs(1);

    fn rest() -> Rest {
        Rest(Mutex::new(Instant::now()))
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_host_that_wants_no_rest_gets_none() {
        let (start, rest) = (Instant::now(), rest());
        rest.over().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_shorter_rest_does_not_end_a_longer_one() {
        let (start, rest) = (Instant::now(), rest());
        rest.at_least(5 * SECOND);
        rest.at_least(SECOND);
        rest.over().await;
        assert_eq!(start.elapsed(), 5 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_already_keep_a_longer_rest_too() {
        let (start, rest) = (Instant::now(), rest());
        rest.at_least(2 * SECOND);
        let longer = async {
            sleep(SECOND).await;
            rest.at_least(5 * SECOND);
        };
        tokio::join!(rest.over(), rest.over(), longer);
        assert_eq!(start.elapsed(), 6 * SECOND);
    }
}
