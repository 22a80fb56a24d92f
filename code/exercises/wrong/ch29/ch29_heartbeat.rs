//! Wrong: the heartbeats come after the handler, when there is no lease left to keep.

use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

#[derive(Debug, PartialEq, Eq)]
struct LeaseLost;

/// The store's side of one lease. Somebody else waits for the job and gets it in the
/// moment in which the lease runs out.
struct Store {
    length: Duration,
    /// How long a call is on its way.
    latency: Duration,
    until: Mutex<Instant>,
    /// How much of the lease was left at each heartbeat.
    left: Mutex<Vec<Duration>>,
    reported: Mutex<Vec<&'static str>>,
}

impl Store {
    /// A store that has lent its job in this moment.
    fn new(length: Duration, latency: Duration) -> Self {
        Self {
            length,
            latency,
            until: Mutex::new(Instant::now() + length),
            left: Mutex::default(),
            reported: Mutex::default(),
        }
    }

    /// A heartbeat: the lease holds for its whole length from now on, if it is not lost.
    async fn extend(&self) -> Result<(), LeaseLost> {
        sleep(self.latency).await;
        let now = Instant::now();
        let mut until = self.until.lock().unwrap();
        if *until <= now {
            return Err(LeaseLost);
        }
        self.left.lock().unwrap().push(*until - now);
        *until = now + self.length;
        Ok(())
    }

    async fn report(&self, result: &'static str) {
        sleep(self.latency).await;
        self.reported.lock().unwrap().push(result);
    }

    /// The job goes to somebody else.
    fn revoke(&self) {
        *self.until.lock().unwrap() = Instant::now();
    }
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Reported,
    LeaseLost,
}

/// Runs `handler` and reports its result, unless the lease is lost on the way.
async fn run<F>(store: &Store, handler: impl FnOnce(CancellationToken) -> F) -> End
where
    F: Future<Output = &'static str>,
{
    let stop = CancellationToken::new();
    let start = Instant::now();
    let result = handler(stop.clone()).await;
    let mut due = start + store.length / 3;
    while due <= Instant::now() {
        if store.extend().await.is_err() {
            stop.cancel();
            return End::LeaseLost;
        }
        due += store.length / 3;
    }
    store.report(result).await;
    End::Reported
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use tokio::time::timeout;

    const LENGTH: Duration = Duration::from_secs(9);
    const SECOND: Duration = Duration::from_secs(1);
    const NEAR: Duration = Duration::from_millis(1);

    fn store() -> Store {
        Store::new(LENGTH, NEAR)
    }

    async fn ended(run: impl Future<Output = End>) -> End {
        let hour = Duration::from_secs(3600);
        let end = timeout(hour, run).await;
        end.expect("`run` should end with its handler")
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_short_handler_is_reported_at_once() {
        let (store, start) = (store(), Instant::now());
        let end = ended(run(&store, |_| async { "sent" })).await;
        assert_eq!(end, End::Reported);
        assert_eq!(*store.reported.lock().unwrap(), ["sent"]);
        assert!(start.elapsed() < SECOND, "took {:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn heartbeats_keep_the_lease_of_a_handler_that_takes_longer() {
        let store = store();
        let handler = |_| async {
            sleep(100 * SECOND).await;
            "sent"
        };
        assert_eq!(ended(run(&store, handler)).await, End::Reported);
        assert_eq!(*store.reported.lock().unwrap(), ["sent"]);
        let left = store.left.lock().unwrap();
        assert!(left.len() < 40, "{} heartbeats in 100 s", left.len());
        let least = left.iter().min().expect("a heartbeat");
        assert!(
            *least > LENGTH / 2,
            "a heartbeat came {least:?} before the end"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_lease_is_lost_the_handler_is_told_and_not_reported() {
        let store = store();
        let start = Instant::now();
        let handler = |stop: CancellationToken| async move {
            let sent = stop.run_until_cancelled(sleep(100 * SECOND)).await;
            sent.map_or("stopped", |()| "sent")
        };
        let revoked = async {
            sleep(10 * SECOND).await;
            store.revoke();
        };
        let (end, ()) = tokio::join!(ended(run(&store, handler)), revoked);
        assert_eq!(end, End::LeaseLost);
        assert_eq!(*store.reported.lock().unwrap(), [""; 0]);
        let told = start.elapsed() - 10 * SECOND;
        assert!(told <= LENGTH / 3 + NEAR, "told {told:?} after the loss");
    }

    #[tokio::test(start_paused = true)]
    async fn the_handler_ends_between_two_steps_and_is_not_dropped() {
        let store = store();
        let tidy = Cell::new(false);
        let handler = |stop: CancellationToken| {
            let tidy = &tidy;
            async move {
                stop.cancelled().await;
                sleep(2 * SECOND).await;
                tidy.set(true);
                "half of it"
            }
        };
        store.revoke();
        assert_eq!(ended(run(&store, handler)).await, End::LeaseLost);
        assert!(tidy.get(), "the handler was dropped at an `.await`");
        assert_eq!(*store.reported.lock().unwrap(), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_handler_goes_on_while_a_heartbeat_is_under_way() {
        let far = Store::new(LENGTH, 2 * SECOND);
        let start = Instant::now();
        let last_step = Cell::new(start);
        let handler = |_| {
            let last_step = &last_step;
            async move {
                for _ in 0..20 {
                    sleep(SECOND).await;
                }
                last_step.set(Instant::now());
                "sent"
            }
        };
        assert_eq!(ended(run(&far, handler)).await, End::Reported);
        let took = last_step.get() - start;
        assert_eq!(took.as_secs(), 20, "twenty steps of a second");
    }
}
