//! Plays customers, some of whom are unlucky.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, value_parser};
use service::options;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::event::{Line, Placement};
use crate::shop::Shop;
use crate::world::{BAD_ADDRESS, BAD_CARD};

/// What is sold.
const GOODS: [&str; 4] = ["tea", "cup", "pot", "spoon"];

/// How many customers come, how fast, and how many of them are unlucky.
#[derive(Args, Clone, Debug)]
pub struct Play {
    /// How many orders, 1 to 10,000
    #[arg(long, default_value_t = 50, value_name = "NUMBER",
        value_parser = value_parser!(u32).range(1..=10_000))]
    pub orders: u32,

    /// How many a second, 0.1 to 10,000
    #[arg(long, default_value_t = 20.0, value_name = "NUMBER",
        value_parser = |text: &str| options::number(text, 0.1..=10_000.0))]
    pub rate: f64,

    /// The share of customers with a bad card, a bad address or second thoughts, 0 to 1
    #[arg(long, default_value_t = 0.3, value_name = "SHARE",
        value_parser = |text: &str| options::number(text, 0.0..=1.0))]
    pub failures: f64,
}

/// Fills the warehouse, and has each customer order once. What then follows isn't waited for.
///
/// # Errors
///
/// If a disk fails.
pub async fn play(shop: &Shop, play: &Play) -> Result<()> {
    let day = Uuid::new_v4();
    for sku in GOODS {
        let quantity = play.orders / 2 + 1; // of some there won't be enough
        shop.receive(&day.to_string(), sku, quantity).await?;
    }
    let mut ticks = interval(Duration::from_secs_f64(1.0 / play.rate));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..play.orders {
        ticks.tick().await;
        let unlucky = fastrand::f64() < play.failures;
        let fate = if unlucky { fastrand::u8(0..3) } else { u8::MAX };
        let key = format!("{day} {number}");
        let (order, _) = shop.place(&key, placement(number, fate)).await?;
        if fate == 2 {
            let _ = shop.cancel(order, "second thoughts").await; // or it's too late
        }
    }
    Ok(())
}

fn placement(number: u32, fate: u8) -> Placement {
    let sku = GOODS[fastrand::usize(..GOODS.len())].to_owned();
    let quantity = fastrand::u32(1..=2);
    let card = if fate == 0 { BAD_CARD } else { "good" };
    let address = if fate == 1 {
        BAD_ADDRESS
    } else {
        "1 Loop Road"
    };
    Placement {
        customer: format!("customer {number}"),
        lines: vec![Line { sku, quantity }],
        cents: 1_250 * u64::from(quantity),
        currency: "EUR".to_owned(),
        card: card.to_owned(),
        address: address.to_owned(),
    }
}
