//! Wrong: the symptom is gone, and with it the memory of the customer: the guard of the `match`
//! is still held, so `try_lock` fails each time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use tokio::sync::Mutex;
use tokio::time::{Duration, sleep};

#[derive(Default)]
struct Shop {
    names: Mutex<HashMap<u32, String>>,
    asked: AtomicU32,
}

impl Shop {
    /// The customer's name. One who isn't known is asked for it, and known from then on.
    async fn name(&self, customer: u32) -> String {
        match self.names.lock().await.get(&customer).cloned() {
            Some(name) => name,
            None => self.enter(customer).await,
        }
    }

    async fn enter(&self, customer: u32) -> String {
        self.asked.fetch_add(1, SeqCst);
        sleep(Duration::from_millis(10)).await; // The customer thinks.
        let name = format!("customer {customer}");
        if let Ok(mut names) = self.names.try_lock() {
            names.insert(customer, name.clone());
        }
        name
    }
}

fn main() {}
