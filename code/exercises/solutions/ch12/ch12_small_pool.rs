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
        let permit = self.permits.acquire().await.expect("never closed");
        let number = self.free.lock().unwrap().pop();
        Desk {
            number: number.expect("as many numbers as permits"),
            free: &self.free,
            _permit: permit,
        }
    }
}

impl Drop for Desk<'_> {
    fn drop(&mut self) {
        self.free.lock().unwrap().push(self.number);
    }
}

fn main() {}

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
