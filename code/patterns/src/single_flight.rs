//! A keyed cache in which concurrent callers of one key share one computation.
//!
//! You want it in front of a slow source that many callers ask for the same thing at the same
//! time: when an entry is missing, one caller computes it and the others wait for its answer.
//!
//! | the computation … | its caller | those that wait | the next call |
//! | --- | --- | --- | --- |
//! | succeeds | gets the value | get a clone | gets a clone, without computing |
//! | fails | gets the error | get a clone of it | computes again |
//! | is dropped with its caller | is gone | one of them computes, with its own future | finds what that one leaves |
//! | panics | panics | one of them computes, with its own future | finds what that one leaves |
//!
//! A failure is an answer, so all who waited for it get it; it isn't kept. A computation that
//! was dropped or panicked gave no answer, so a waiter takes its place.
//!
//! The computation goes on only while the future of its caller is polled. Spawn the whole call
//! if the caller may go away and the work must not be done twice.
//!
//! Values are kept until [`forget`](SingleFlight::forget). There is no limit and no expiry:
//! keep the set of keys bounded, and forget what may be out of date. Wrap large values in an
//! [`Arc`], and errors that can't be cloned.
//!
//! Source: the idea and the name are those of Go's
//! [`singleflight`](https://pkg.go.dev/golang.org/x/sync/singleflight).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

// ANCHOR: flight
/// A cache in which concurrent callers of one key share one computation.
#[derive(Debug)]
pub struct SingleFlight<K: Eq + Hash, V, E> {
    /// A std mutex: it's held to find a flight, never while one is under way.
    flights: Mutex<HashMap<K, Flight<V, E>>>,
}

#[derive(Debug)]
struct Flight<V, E> {
    /// Empty as long as no computation has come to its end.
    answer: Arc<OnceCell<Result<V, E>>>,
    /// How many callers are in it: the one that computes, and those that wait.
    seats: usize,
}

impl<K: Eq + Hash + Clone, V: Clone, E: Clone> SingleFlight<K, V, E> {
    /// Returns what is kept for `key`, or what a computation under way answers, or what
    /// `compute` answers. `compute` is not polled in the first two cases.
    ///
    /// A `compute` that gets its own `key` here waits for itself, forever.
    ///
    /// # Errors
    ///
    /// The error of the computation, to all who waited for it. It isn't kept.
    ///
    /// # Panics
    ///
    /// If `compute` panics, in the caller whose future it is.
    ///
    /// Cancel safe: if the caller that computes is dropped, one that waits computes instead.
    pub async fn get(&self, key: K, compute: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let seat = self.board(key);
        seat.answer.get_or_init(|| compute).await.clone()
    }

    /// Forgets what is kept for `key`. A computation under way still answers those that wait
    /// for it, but its value isn't kept: it may have been read before the change that made you
    /// call this.
    pub fn forget(&self, key: &K) {
        let flight = self.flights().remove(key);
        drop(flight); // after the lock: the drop of a value may call us
    }
}
// ANCHOR_END: flight

// ANCHOR: seat
/// A caller in a flight. However it ends, the last one out leaves a value or nothing.
struct Seat<'a, K: Eq + Hash, V, E> {
    cache: &'a SingleFlight<K, V, E>,
    key: K,
    answer: Arc<OnceCell<Result<V, E>>>,
}

impl<K: Eq + Hash + Clone, V, E> SingleFlight<K, V, E> {
    /// Takes a seat in the flight for `key`, which is a new one if there is none.
    fn board(&self, key: K) -> Seat<'_, K, V, E> {
        let mut flights = self.flights();
        let flight = flights.entry(key.clone()).or_default();
        flight.seats += 1;
        let answer = Arc::clone(&flight.answer);
        let cache = self;
        Seat { cache, key, answer }
    }
}

impl<K: Eq + Hash, V, E> Drop for Seat<'_, K, V, E> {
    fn drop(&mut self) {
        let mut flights = self.cache.flights();
        let Some(flight) = flights.get_mut(&self.key) else {
            return; // forgotten
        };
        if !Arc::ptr_eq(&flight.answer, &self.answer) {
            return; // forgotten, and another has begun
        }
        flight.seats -= 1;
        let keep = match self.answer.get() {
            Some(answer) => answer.is_ok(),
            None => flight.seats > 0, // one of them computes
        };
        if !keep {
            flights.remove(&self.key);
        }
    }
}
// ANCHOR_END: seat

impl<K: Eq + Hash, V, E> SingleFlight<K, V, E> {
    /// A cache that is empty.
    pub fn new() -> SingleFlight<K, V, E> {
        SingleFlight::default()
    }

    /// Not poisoned by a panic: that could come from a key's `Hash` or `Eq` alone.
    fn flights(&self) -> MutexGuard<'_, HashMap<K, Flight<V, E>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V, E> Default for SingleFlight<K, V, E> {
    fn default() -> SingleFlight<K, V, E> {
        SingleFlight {
            flights: Mutex::default(),
        }
    }
}

impl<V, E> Default for Flight<V, E> {
    fn default() -> Flight<V, E> {
        Flight {
            answer: Arc::default(),
            seats: 0,
        }
    }
}

#[cfg(test)]
mod tests;
