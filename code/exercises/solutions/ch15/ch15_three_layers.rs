use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};

#[derive(Debug, PartialEq, Eq)]
struct Late;

/// What the shop's services answer, and when.
struct Shop {
    reserving: Duration,
    charging: Duration,
    log: std::sync::Mutex<Vec<&'static str>>,
}

impl Shop {
    async fn call(&self, name: &'static str, takes: Duration) {
        sleep(takes).await;
        self.log.lock().unwrap().push(name);
    }
}

async fn reserve(shop: &Shop, deadline: Instant) -> Result<(), Late> {
    let call = shop.call("reserved", shop.reserving);
    timeout_at(deadline, call).await.map_err(|_| Late)
}

async fn charge(shop: &Shop, deadline: Instant) -> Result<(), Late> {
    let call = shop.call("charged", shop.charging);
    timeout_at(deadline, call).await.map_err(|_| Late)
}

/// Reserves and charges until `deadline`; what was reserved and not paid is released.
async fn order(shop: &Shop, deadline: Instant) -> Result<(), Late> {
    reserve(shop, deadline).await?;
    let charged = charge(shop, deadline).await;
    if charged.is_err() {
        let release = shop.call("released", Duration::from_millis(100));
        let _ = timeout(Duration::from_millis(500), release).await;
    }
    charged
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(reserving: u64, charging: u64) -> Shop {
        Shop {
            reserving: Duration::from_millis(reserving),
            charging: Duration::from_millis(charging),
            log: Default::default(),
        }
    }

    /// How an order went that has two seconds, its log and how long it took.
    async fn run(shop: Shop) -> (Result<(), Late>, Vec<&'static str>, u128) {
        let start = Instant::now();
        let result = order(&shop, start + Duration::from_secs(2)).await;
        let log = shop.log.into_inner().unwrap();
        (result, log, start.elapsed().as_millis())
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn an_order_in_time_is_reserved_and_charged() {
        let expected = (Ok(()), vec!["reserved", "charged"], 1_500);
        assert_eq!(run(shop(500, 1_000)).await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_layer_has_what_the_first_has_left() {
        let (result, log, took) = run(shop(1_500, 1_000)).await;
        assert_eq!(result, Err(Late));
        assert!(!log.contains(&"charged"), "charged after the deadline");
        assert!(took <= 2_500, "took {took} ms");
    }

    #[tokio::test(start_paused = true)]
    async fn goods_that_are_not_paid_are_released() {
        let expected = (Err(Late), vec!["reserved", "released"], 2_100);
        assert_eq!(run(shop(1_500, 60_000)).await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_reserved_is_not_released() {
        assert_eq!(run(shop(60_000, 0)).await, (Err(Late), vec![], 2_000));
    }
}
