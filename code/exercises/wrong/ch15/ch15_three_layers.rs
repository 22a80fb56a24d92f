//! Wrong: the cleanup inherits a deadline that has passed, and is dropped at its first wait.

use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

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
        // The cleanup inherits a deadline that has passed.
        let release = shop.call("released", Duration::from_millis(100));
        let _ = timeout_at(deadline, release).await;
    }
    charged
}

fn main() {}
