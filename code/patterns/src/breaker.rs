//! A circuit breaker: when too many of the recent calls have failed, it refuses calls for a
//! while, and then lets one at a time through to see.
//!
//! | state | a call | leaves it when |
//! | --- | --- | --- |
//! | closed | goes through and is counted | the failed share of a rolling window reaches `ratio`: open |
//! | open | is refused at once | `pause` is over: half-open |
//! | half-open | goes through if no other is under way | `probes` succeed in a row: closed; one fails: open |
//!
//! A call that is dropped without an answer counts for nothing and frees its place, so a client
//! that goes away can't leave the breaker half-open forever. Put the timeout of a call *inside*,
//! so that the breaker sees it as the failure it is.
//!
//! An answer that belongs to an earlier state isn't counted: a call that began before the
//! breaker opened says nothing about the server's recovery.
//!
//! Source: Michael Nygard, *Release It!*; [resilience4j](https://resilience4j.readme.io/docs/circuitbreaker).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use window::Window;

mod window;

/// When a breaker opens and closes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// How far back the window of the closed state looks, in ten steps.
    pub window: Duration,
    /// It judges from so many calls on in the window: one failure out of one is no news.
    pub calls: u32,
    /// The failed share of the window that opens it, above 0 to 1.
    pub ratio: f64,
    /// How long it stays open. Give each process a slightly different one.
    pub pause: Duration,
    /// Successes in a row that close it.
    pub probes: u32,
}

/// The breaker is open: nothing was called. Use a fallback, or try again after `wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the circuit is open for another {wait:?}")]
pub struct Open {
    /// How long it'll be open. Zero: it's half-open, and another call is its probe.
    pub wait: Duration,
}

// ANCHOR: state
#[derive(Debug)]
enum State {
    Closed(Window),
    Open { until: Instant },
    HalfOpen { successes: u32, probing: bool },
}

/// Refuses calls to a service that keeps failing. Share it in an `Arc`, one for each service.
#[derive(Debug)]
pub struct Breaker {
    /// A std mutex: never held across an await.
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    law: Law,
    state: State,
    /// How often the state has changed.
    change: u64,
}

/// A call that is under way. Say how it ended; dropped, it counts for nothing.
#[derive(Debug)]
#[must_use = "say how the call ended"]
pub struct Permit<'a> {
    breaker: &'a Breaker,
    /// The change of state that it belongs to.
    change: u64,
    success: Option<bool>,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(law: Law) -> Breaker {
        let state = State::Closed(Window::new(law.window));
        let change = 0;
        let inner = Mutex::new(Inner { law, state, change });
        Breaker { inner }
    }

    /// Asks for a call.
    ///
    /// # Errors
    ///
    /// [`Open`] if the call is refused.
    pub fn enter(&self) -> Result<Permit<'_>, Open> {
        let mut inner = self.lock();
        let now = Instant::now();
        if let State::Open { until } = inner.state {
            if now < until {
                return Err(Open { wait: until - now });
            }
            let (successes, probing) = (0, false);
            inner.change_to(State::HalfOpen { successes, probing });
        }
        if let State::HalfOpen { probing, .. } = &mut inner.state {
            if *probing {
                let wait = Duration::ZERO;
                return Err(Open { wait });
            }
            *probing = true;
        }
        Ok(Permit {
            breaker: self,
            change: inner.change,
            success: None,
        })
    }

    /// Whether calls are refused now. For people: ask for a call with [`enter`](Self::enter).
    pub fn is_open(&self) -> bool {
        matches!(self.lock().state, State::Open { until } if Instant::now() < until)
    }

    fn report(&self, change: u64, success: Option<bool>) {
        let mut inner = self.lock();
        if inner.change != change {
            return; // the answer to a question of an earlier state
        }
        let (law, now) = (inner.law, Instant::now());
        let open = || State::Open {
            until: now + law.pause,
        };
        let next = match (&mut inner.state, success) {
            (State::HalfOpen { probing, .. }, None) => {
                *probing = false; // the next call probes
                None
            }
            (State::HalfOpen { successes, probing }, Some(true)) => {
                (*successes, *probing) = (*successes + 1, false);
                let closed = || State::Closed(Window::new(law.window));
                (*successes >= law.probes).then(closed)
            }
            (State::HalfOpen { .. }, Some(false)) => Some(open()),
            (State::Closed(window), Some(success)) => {
                let (calls, failed) = window.count(now, success);
                let many = f64::from(failed) >= law.ratio * f64::from(calls);
                (!success && calls >= law.calls && many).then(open)
            }
            (State::Closed(_), None) | (State::Open { .. }, _) => None,
        };
        if let Some(next) = next {
            inner.change_to(next);
        }
    }
}
// ANCHOR_END: state

impl Breaker {
    /// Goes by another law from now on. What it has counted stays, unless the window is another;
    /// an open one stays open for the new pause at most.
    pub fn obey(&self, law: Law) {
        let mut inner = self.lock();
        let is_same = inner.law.window == law.window;
        match &mut inner.state {
            State::Closed(window) if !is_same => *window = Window::new(law.window),
            State::Open { until } => *until = (*until).min(Instant::now() + law.pause),
            _ => {}
        }
        inner.law = law;
    }

    /// Not poisoned by a panic: no code of others runs under the lock.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn change_to(&mut self, state: State) {
        (self.state, self.change) = (state, self.change + 1);
    }
}

// ANCHOR: permit
impl Permit<'_> {
    /// The service answered as it should, or with an error that is the caller's fault.
    pub fn succeeded(mut self) {
        self.success = Some(true);
    }

    /// The service failed, or was too slow.
    pub fn failed(mut self) {
        self.success = Some(false);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.breaker.report(self.change, self.success);
    }
}
// ANCHOR_END: permit

#[cfg(test)]
mod tests;
