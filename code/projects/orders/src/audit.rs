//! Whether everything agrees: the log, the views, and the books of the others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::command::Aggregate;
use crate::database::DatabaseError;
use crate::event::Event;
use crate::order::{self, End, Order};
use crate::shop::Shop;
use crate::stock::Stock;
use crate::views::questions::{SALES, SKIPPED, STOCK};

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Orders that were shipped.
    pub shipped: usize,
    /// Orders that were canceled.
    pub canceled: usize,
    /// Orders that are neither.
    pub open: usize,
    /// What the bank has taken and not given back, in hundredths.
    pub taken: u64,
    /// What doesn't agree, in words. Empty if all is well.
    pub faults: Vec<String>,
}

/// All events of the log, folded by stream.
#[derive(Default)]
struct Folded {
    orders: BTreeMap<String, Order>,
    stocks: BTreeMap<String, Stock>,
    /// What has come in, by thing.
    received: BTreeMap<String, u64>,
    /// Public events, each of which makes a mail.
    public: usize,
    faults: Vec<String>,
}

/// Compares the log with the views and with the books of bank, carrier and mail.
pub async fn audit(shop: &Shop) -> Result<Report, DatabaseError> {
    let folded = fold(shop).await?;
    let books = shop.world().books().await?;
    let mut report = Report {
        faults: folded.faults.clone(),
        ..Report::default()
    };

    let mut due = BTreeMap::new(); // what the bank should have
    for (id, order) in &folded.orders {
        match &order.end {
            Some(End::Shipped) => {
                report.shipped += 1;
                due.insert(id.clone(), order.placed.as_ref().map_or(0, |it| it.cents));
            }
            Some(End::Canceled(_)) => report.canceled += 1,
            None => report.open += 1,
        }
    }
    let charged: BTreeMap<String, u64> = books.charged.into_iter().collect();
    report.taken = charged.values().sum();
    let parcels: BTreeSet<String> = books.parcels.into_iter().collect();
    if report.open == 0 {
        check(
            &mut report.faults,
            "the bank has other money than orders are worth",
            &charged,
            &due,
        );
        let shipped: BTreeSet<String> = due.keys().cloned().collect();
        check(
            &mut report.faults,
            "the carrier has other parcels than orders were shipped",
            &parcels,
            &shipped,
        );
        for (sku, stock) in &folded.stocks {
            let left = folded.received.get(sku).copied().unwrap_or(0) - folded.sold(sku);
            let fault = format!("of {sku} there is more or less than came in and wasn't shipped");
            check(
                &mut report.faults,
                &fault,
                &u64::from(stock.available),
                &left,
            );
        }
    }
    // One that's parked may have been sent: then its answer was lost.
    let (sent, parked) = (books.mails.len(), parked_mails(shop).await?);
    if sent > folded.public || sent + parked < folded.public {
        let fault = format!(
            "{sent} mails and {parked} parked for {} events",
            folded.public
        );
        report.faults.push(fault);
    }
    compare_views(shop, &folded, &mut report.faults).await?;
    Ok(report)
}

fn check<T: PartialEq + std::fmt::Debug>(
    faults: &mut Vec<String>,
    fault: &str,
    found: &T,
    wanted: &T,
) {
    if found != wanted {
        faults.push(format!("{fault}: {found:?}, not {wanted:?}"));
    }
}

async fn parked_mails(shop: &Shop) -> Result<usize, DatabaseError> {
    let parked = shop.status().await?.parked;
    Ok(parked.iter().filter(|it| it.follower == "mail").count())
}

async fn fold(shop: &Shop) -> Result<Folded, DatabaseError> {
    let (mut folded, mut position) = (Folded::default(), 0);
    loop {
        let events = shop.store().after(position).await?;
        let Some(last) = events.last() else {
            return Ok(folded);
        };
        position = last.position;
        for recorded in events {
            let Ok(event) = recorded.event() else {
                folded
                    .faults
                    .push(format!("event {} can't be read", recorded.position));
                continue;
            };
            folded.public += usize::from(crate::bus::message(&recorded).is_some());
            if let Some(order) = order::of_stream(&recorded.stream) {
                folded
                    .orders
                    .entry(order.to_string())
                    .or_default()
                    .apply(&event);
            } else if let Some(sku) = recorded.stream.strip_prefix("stock-") {
                folded.take_stock(sku, &event);
            }
        }
    }
}

impl Folded {
    fn take_stock(&mut self, sku: &str, event: &Event) {
        let stock = self.stocks.entry(sku.to_owned()).or_default();
        if let Event::Stocked { quantity } = event {
            *self.received.entry(sku.to_owned()).or_default() += u64::from(*quantity);
        }
        if let Event::Reserved { quantity, .. } = event
            && *quantity > stock.available
        {
            self.faults
                .push(format!("of {sku} more was reserved than there was"));
        }
        stock.apply(event);
    }

    /// How many of a thing were shipped.
    fn sold(&self, sku: &str) -> u64 {
        let ended = self.orders.values();
        let shipped = ended.filter(|order| order.end == Some(End::Shipped));
        let lines = shipped
            .filter_map(|it| it.placed.as_ref())
            .flat_map(|it| &it.lines);
        lines
            .filter(|line| line.sku == sku)
            .map(|line| u64::from(line.quantity))
            .sum()
    }
}

async fn compare_views(
    shop: &Shop,
    folded: &Folded,
    faults: &mut Vec<String>,
) -> Result<(), DatabaseError> {
    for (id, order) in &folded.orders {
        let Ok(number) = id.parse() else { continue };
        let row = shop.views().order(number).await?;
        let state = row.map_or(Value::Null, |row| row["state"].clone());
        let wanted = match &order.end {
            Some(End::Shipped) => json!("shipped"),
            Some(End::Canceled(_)) => json!("canceled"),
            None => continue,
        };
        check(faults, &format!("the view of {id}"), &state, &wanted);
    }
    for row in shop.views().ask(SKIPPED, []).await? {
        faults.push(format!("a view has skipped an event: {row:?}"));
    }
    for row in shop.views().ask(STOCK, []).await? {
        let sku = row["sku"].as_str().unwrap_or_default();
        let available = folded.stocks.get(sku).map_or(0, |stock| stock.available);
        check(
            faults,
            &format!("the view of the stock of {sku}"),
            &row["available"],
            &json!(available),
        );
    }
    for row in shop.views().ask(SALES, []).await? {
        let sku = row["sku"].as_str().unwrap_or_default();
        check(
            faults,
            &format!("the view of the sales of {sku}"),
            &row["shipped"],
            &json!(folded.sold(sku)),
        );
    }
    Ok(())
}
