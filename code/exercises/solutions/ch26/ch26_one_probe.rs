use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

const PAUSE: Duration = Duration::from_secs(5);

struct HalfOpen {
    open_until: Instant,
    probing: bool,
}

struct Breaker(Mutex<HalfOpen>);

struct Probe<'a>(&'a Breaker);

impl Breaker {
    fn new() -> Breaker {
        let open_until = Instant::now() + PAUSE;
        let probing = false;
        Breaker(Mutex::new(HalfOpen {
            open_until,
            probing,
        }))
    }

    /// The permission to call, if the pause is over and no other call is under way.
    fn probe(&self) -> Option<Probe<'_>> {
        let mut state = self.0.lock().unwrap();
        if state.probing || Instant::now() < state.open_until {
            return None;
        }
        state.probing = true;
        Some(Probe(self))
    }
}

impl Probe<'_> {
    /// The call has failed: the breaker opens again.
    fn failed(self) {
        self.0.0.lock().unwrap().open_until = Instant::now() + PAUSE;
    }
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().probing = false;
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{sleep, timeout};

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn nothing_goes_through_during_the_pause() {
        let breaker = Breaker::new();
        sleep(PAUSE - Duration::from_millis(1)).await;
        assert!(breaker.probe().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_a_hundred_goes_through() {
        let breaker = Breaker::new();
        sleep(PAUSE).await;
        let probes: Vec<_> = (0..100).filter_map(|_| breaker.probe()).collect();
        assert_eq!(probes.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_opens_it_for_another_pause() {
        let breaker = Breaker::new();
        sleep(PAUSE).await;
        breaker.probe().expect("half-open").failed();
        assert!(breaker.probe().is_none());
        sleep(PAUSE).await;
        assert!(breaker.probe().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_frees_the_place() {
        let breaker = Breaker::new();
        sleep(PAUSE).await;
        let call = async {
            let _probe = breaker.probe().expect("half-open");
            sleep(Duration::from_secs(3600)).await;
        };
        assert!(timeout(Duration::from_secs(1), call).await.is_err());
        assert!(breaker.probe().is_some());
    }
}
