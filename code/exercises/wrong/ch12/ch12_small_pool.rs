//! Wrong: takes the number first and then waits for the permit: a `take` that is dropped there loses a desk.

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
        let number = self.free.lock().unwrap().pop();
        let permit = self.permits.acquire().await.expect("never closed");
        let number = number.or_else(|| self.free.lock().unwrap().pop());
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
