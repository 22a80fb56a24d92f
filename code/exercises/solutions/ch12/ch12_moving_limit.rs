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
            let more = limit - state.limit;
            let paid = more.min(state.owed);
            state.owed -= paid;
            self.permits.add_permits(more - paid);
        } else {
            let fewer = state.limit - limit;
            let taken = self.permits.forget_permits(fewer);
            state.owed += fewer - taken;
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

#[cfg(test)]
mod tests {
    use super::*;

    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready};

    #[test]
    fn a_raised_limit_lets_more_in() {
        let limit = Limit::new(1);
        let _first = assert_ready!(spawn(limit.acquire()).poll());
        let mut second = spawn(limit.acquire());
        assert_pending!(second.poll());
        limit.set(2);
        assert!(second.is_woken());
        let _second = assert_ready!(second.poll());
        assert_pending!(spawn(limit.acquire()).poll());
    }

    #[test]
    fn a_lowered_limit_takes_effect_as_work_ends() {
        let limit = Limit::new(2);
        let first = assert_ready!(spawn(limit.acquire()).poll());
        let second = assert_ready!(spawn(limit.acquire()).poll());
        limit.set(1);
        drop(first);
        assert_pending!(spawn(limit.acquire()).poll());
        drop(second);
        let _only = assert_ready!(spawn(limit.acquire()).poll());
        assert_pending!(spawn(limit.acquire()).poll());
    }

    #[test]
    fn lowered_and_raised_again_it_is_what_it_was() {
        let limit = Limit::new(3);
        let held: Vec<_> = (0..3)
            .map(|_| assert_ready!(spawn(limit.acquire()).poll()))
            .collect();
        limit.set(1);
        limit.set(3);
        drop(held);
        let held: Vec<_> = (0..3)
            .map(|_| assert_ready!(spawn(limit.acquire()).poll()))
            .collect();
        assert_pending!(spawn(limit.acquire()).poll());
        drop(held);
    }
}
