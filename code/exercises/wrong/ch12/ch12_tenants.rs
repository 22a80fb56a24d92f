//! Wrong: takes the common permit first, and sits on it while it waits for its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

struct Shares {
    all: Semaphore,
    each: usize,
    tenants: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Shares {
    fn new(all: usize, each: usize) -> Shares {
        Shares {
            all: Semaphore::new(all),
            each,
            tenants: Mutex::default(),
        }
    }

    /// Runs `work` as soon as the tenant may, and there is room.
    async fn run<T>(&self, tenant: &str, work: impl Future<Output = T>) -> T {
        let own = {
            let mut tenants = self.tenants.lock().unwrap();
            let own = tenants.entry(tenant.to_owned());
            Arc::clone(own.or_insert_with(|| Arc::new(Semaphore::new(self.each))))
        };
        let _common = self.all.acquire().await.expect("never closed");
        let _own = own.acquire().await.expect("never closed");
        work.await
    }
}

fn main() {}
