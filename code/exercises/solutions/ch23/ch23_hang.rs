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
        let known = self.names.lock().await.get(&customer).cloned();
        match known {
            Some(name) => name,
            None => self.enter(customer).await,
        }
    }

    async fn enter(&self, customer: u32) -> String {
        self.asked.fetch_add(1, SeqCst);
        sleep(Duration::from_millis(10)).await; // The customer thinks.
        let name = format!("customer {customer}");
        let mut names = self.names.lock().await;
        names.insert(customer, name.clone());
        name
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    const HOUR: Duration = Duration::from_secs(3600);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn an_unknown_customer_is_served() {
        let shop = Shop::default();
        let name = timeout(HOUR, shop.name(7)).await;
        assert_eq!(name.expect("it hangs"), "customer 7");
    }

    #[tokio::test(start_paused = true)]
    async fn a_customer_is_asked_once() {
        let shop = Shop::default();
        for _ in 0..3 {
            let name = timeout(HOUR, shop.name(7)).await;
            assert_eq!(name.expect("it hangs"), "customer 7");
        }
        assert_eq!(shop.asked.load(SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_known_customer_need_not_wait_for_an_unknown_one() {
        let shop = Shop::default();
        shop.names.lock().await.insert(1, "Ada".into());
        let thinking = shop.name(7);
        let known = async {
            sleep(Duration::from_millis(5)).await;
            timeout(Duration::from_millis(1), shop.name(1)).await
        };
        let both = timeout(HOUR, async { tokio::join!(thinking, known) });
        let (_, known) = both.await.expect("it hangs");
        assert_eq!(known.expect("it waits for the other"), "Ada");
    }
}
