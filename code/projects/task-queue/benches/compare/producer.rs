//! Sends jobs as the driver orders.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use crate::tally::Tally;

/// Calls under way at once: with one job each, and with many.
const SINGLES: usize = 32;
const BULKS: usize = 4;
/// Jobs in one call of many.
const BULK: usize = 500;

/// Sends so many jobs in one call.
pub trait Sender: Clone + Send + 'static {
    fn send(&self, jobs: usize, delay: Duration) -> impl Future<Output = Result<()>> + Send;
}

/// Does what the driver says, line by line, until it says no more; see `program.rs`.
pub async fn obey_all<S: Sender>(sender: &S, tally: &Tally) -> Result<()> {
    println!("ready");
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = orders.next_line().await? {
        if order == "count" {
            println!("count {}", tally.count());
        } else {
            obey(sender, &order).await?;
            println!("ok");
        }
    }
    Ok(())
}

async fn obey<S: Sender>(sender: &S, order: &str) -> Result<()> {
    let mut words = order.split(' ');
    let verb = words.next().unwrap_or_default();
    let numbers: Vec<usize> = words.map(str::parse).collect::<Result<_, _>>()?;
    match (verb, numbers.as_slice()) {
        ("single", [jobs]) => send_all(sender, *jobs, 1, SINGLES, Duration::ZERO).await,
        ("bulk", [jobs]) => send_all(sender, *jobs, BULK, BULKS, Duration::ZERO).await,
        ("later", [jobs, millis]) => {
            let delay = Duration::from_millis(*millis as u64);
            send_all(sender, *jobs, BULK, BULKS, delay).await
        }
        ("pace", [jobs, rate]) => pace(sender, *jobs, *rate).await,
        _ => bail!("no producer knows the order {order:?}"),
    }
}

async fn send_all<S: Sender>(
    sender: &S,
    jobs: usize,
    batch: usize,
    at_once: usize,
    delay: Duration,
) -> Result<()> {
    let mut senders = JoinSet::new();
    for part in 0..at_once {
        let sender = sender.clone();
        senders.spawn(async move {
            let mut left = jobs / at_once + usize::from(part < jobs % at_once);
            while left > 0 {
                let batch = left.min(batch);
                sender.send(batch, delay).await?;
                left -= batch;
            }
            anyhow::Ok(())
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent??;
    }
    Ok(())
}

/// One job after the other, at fixed moments.
async fn pace<S: Sender>(sender: &S, jobs: usize, rate: usize) -> Result<()> {
    let start = Instant::now();
    for job in 0..jobs {
        time::sleep_until(start + Duration::from_secs(1) * job as u32 / rate as u32).await;
        sender.send(1, Duration::ZERO).await?;
    }
    Ok(())
}
