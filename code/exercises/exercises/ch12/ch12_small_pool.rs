//! A pool of numbered desks. `take` waits for a free desk and gives its number; dropping what
//! it returns frees the desk.
//!
//! Complete `take` and `Drop`.

use std::sync::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

struct Desks {
    free: Mutex<Vec<u32>>,
    permits: Semaphore,
}

#[derive(Debug)]
struct Desk<'a> {
    number: u32,
    free: &'a Mutex<Vec<u32>>,
    _permit: SemaphorePermit<'a>,
}

impl Desks {
    fn new(count: u32) -> Desks {
        Desks {
            free: Mutex::new((0..count).collect()),
            permits: Semaphore::new(count as usize),
        }
    }

    /// Waits for a free desk.
    async fn take(&self) -> Desk<'_> {
        // TODO: first the right to a desk, then the desk.
        todo!()
    }
}

impl Drop for Desk<'_> {
    fn drop(&mut self) {
        // TODO: the number must be back before the permit is.
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready};

    #[test]
    fn every_desk_is_lent_once() {
        let desks = Desks::new(2);
        let first = assert_ready!(spawn(desks.take()).poll());
        let second = assert_ready!(spawn(desks.take()).poll());
        assert_ne!(first.number, second.number);
        assert_pending!(spawn(desks.take()).poll());
    }

    #[test]
    fn a_desk_that_is_given_back_is_lent_again() {
        let desks = Desks::new(1);
        let desk = assert_ready!(spawn(desks.take()).poll());
        let mut next = spawn(desks.take());
        assert_pending!(next.poll());
        drop(desk);
        assert!(next.is_woken());
        assert_eq!(assert_ready!(next.poll()).number, 0);
    }

    #[test]
    fn a_take_that_is_dropped_loses_no_desk() {
        let desks = Desks::new(1);
        let all = desks.permits.try_acquire().unwrap();
        let mut given_up = spawn(desks.take());
        assert_pending!(given_up.poll());
        drop(given_up);
        drop(all);
        assert_eq!(assert_ready!(spawn(desks.take()).poll()).number, 0);
    }
}
