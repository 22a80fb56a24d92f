//! Wrong: takes away what is free, and forgets that more had to go.

use std::sync::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

#[derive(Debug)]
struct Limit {
    permits: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// How many permits have yet to be taken away as they come back.
    owed: usize,
}

#[derive(Debug)]
struct Permit<'a> {
    limit: &'a Limit,
    permit: Option<SemaphorePermit<'a>>,
}

impl Limit {
    fn new(limit: usize) -> Limit {
        Limit {
            permits: Semaphore::new(limit),
            state: Mutex::new(State { limit, owed: 0 }),
        }
    }

    async fn acquire(&self) -> Permit<'_> {
        let permit = self.permits.acquire().await.expect("never closed");
        Permit {
            limit: self,
            permit: Some(permit),
        }
    }

    /// Changes the limit.
    fn set(&self, limit: usize) {
        let mut state = self.state.lock().unwrap();
        if limit >= state.limit {
            self.permits.add_permits(limit - state.limit);
        } else {
            self.permits.forget_permits(state.limit - limit);
        }
        state.limit = limit;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.limit.state.lock().unwrap();
        if state.owed > 0 {
            state.owed -= 1;
            self.permit.take().expect("dropped once").forget();
        }
    }
}

fn main() {}
