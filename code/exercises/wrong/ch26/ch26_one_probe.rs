//! Wrong: only a report frees the place, and a probe that is dropped makes none.

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
        let mut state = self.0.0.lock().unwrap();
        state.open_until = Instant::now() + PAUSE;
        state.probing = false; // here, where the probe reports
    }
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {}
}

fn main() {}
