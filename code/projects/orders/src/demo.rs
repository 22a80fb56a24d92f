//! Plays customers, some of whom are unlucky, and audits what came out.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::audit::{Report, audit};
use crate::event::{Line, Placement};
use crate::shop::Shop;
use crate::world::{BAD_ADDRESS, BAD_CARD};

/// What is sold.
const GOODS: [&str; 4] = ["tea", "cup", "pot", "spoon"];

/// How many customers come, how fast, and how many of them are unlucky.
#[derive(Clone, Copy, Debug)]
pub struct Play {
    /// Orders in all.
    pub orders: u32,
    /// Orders a second.
    pub rate: f64,
    /// The share, 0 to 1, that has a bad card, a bad address or second thoughts.
    pub unlucky: f64,
}

/// Plays, and waits until all is settled.
///
/// # Errors
///
/// If a disk fails, or the audit finds a fault.
pub async fn play(shop: &Shop, play: Play) -> Result<Report> {
    let day = Uuid::new_v4();
    for sku in GOODS {
        let quantity = play.orders / 2 + 1; // of some there won't be enough
        shop.receive(&day.to_string(), sku, quantity.min(10_000))
            .await?;
    }
    let mut ticks = interval(Duration::from_secs_f64(1.0 / play.rate));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..play.orders {
        ticks.tick().await;
        let unlucky = fastrand::f64() < play.unlucky;
        let fate = if unlucky { fastrand::u8(0..3) } else { u8::MAX };
        let (order, _) = shop
            .place(&format!("{day} {number}"), placement(number, fate))
            .await?;
        if fate == 2 {
            let _ = shop.cancel(order, "second thoughts").await; // or it's too late
        }
    }
    shop.settled().await?;
    let report = audit(shop).await?;
    ensure!(
        report.faults.is_empty(),
        "the audit finds: {}",
        report.faults.join("; ")
    );
    Ok(report)
}

fn placement(number: u32, fate: u8) -> Placement {
    let sku = GOODS[fastrand::usize(..GOODS.len())].to_owned();
    let quantity = fastrand::u32(1..=2);
    Placement {
        customer: format!("customer {number}"),
        lines: vec![Line { sku, quantity }],
        cents: 1_250 * u64::from(quantity),
        currency: "EUR".to_owned(),
        card: if fate == 0 { BAD_CARD } else { "good" }.to_owned(),
        address: if fate == 1 {
            BAD_ADDRESS
        } else {
            "1 Loop Road"
        }
        .to_owned(),
    }
}
