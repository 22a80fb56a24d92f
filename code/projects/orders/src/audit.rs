//! Whether everything agrees: the log, the views, and the books of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::bus;
use crate::command::Aggregate;
use crate::database::Result;
use crate::event::{Event, Placement};
use crate::order::{End, Order};
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
    orders: BTreeMap<Uuid, Order>,
    stocks: BTreeMap<String, Stock>,
    /// Public events, each of which makes a mail.
    public: usize,
    faults: Vec<String>,
}

/// Compares the log with the views and with the books of bank, carrier and mail.
pub async fn audit(shop: &Shop) -> Result<Report> {
    let mut folded = fold(shop).await?;
    let mut faults = mem::take(&mut folded.faults);
    let mut check = |what: &str, found: Value, wanted: Value| {
        if found != wanted {
            faults.push(format!("{what}: {found}, not {wanted}"));
        }
    };
    let shipped = folded.shipped();
    let ended = folded.orders.values().filter(|it| it.end.is_some()).count();
    let open = folded.orders.len() - ended;
    let books = shop.world.books().await?;
    let charged: BTreeMap<Uuid, u64> = books.charged.into_iter().collect();
    let taken = charged.values().sum();
    if open == 0 {
        let due: BTreeMap<_, _> = shipped.iter().map(|(id, it)| (id, it.cents)).collect();
        check("the money at the bank", json!(charged), json!(due));
        let parcels: BTreeSet<Uuid> = books.parcels.into_iter().collect();
        let sent: BTreeSet<_> = due.into_keys().collect();
        check("the parcels at the carrier", json!(parcels), json!(sent));
        for (sku, stock) in &folded.stocks {
            let reserved: u64 = stock.reserved.values().copied().map(u64::from).sum();
            let what = format!("what is set aside of {sku}, and is to be what was shipped");
            check(&what, json!(reserved), json!(sold(&shipped, sku)));
        }
    }

    for (id, order) in &folded.orders {
        let wanted = match &order.end {
            Some(End::Shipped) => json!("shipped"),
            Some(End::Canceled(_)) => json!("canceled"),
            None => continue,
        };
        let mut row = shop.views.order(*id).await?.unwrap_or_default();
        let state = row.remove("state").unwrap_or_default();
        check(&format!("the view of {id}"), state, wanted);
    }
    let skipped = shop.views.ask(SKIPPED, ()).await?;
    check("what views have skipped", json!(skipped), json!([]));
    for row in shop.views.ask(STOCK, ()).await? {
        let sku = row["sku"].as_str().unwrap_or_default();
        let available = folded.stocks.get(sku).map_or(0, |stock| stock.available);
        let what = format!("the view of the stock of {sku}");
        check(&what, row["available"].clone(), json!(available));
    }
    for row in shop.views.ask(SALES, ()).await? {
        let sku = row["sku"].as_str().unwrap_or_default();
        let what = format!("the view of the sales of {sku}");
        check(&what, row["shipped"].clone(), json!(sold(&shipped, sku)));
    }
    // One that's parked may have been sent: then its answer was lost.
    let (sent, public) = (books.mails.len(), folded.public);
    let parked = shop.parked.list().await?;
    let parked = parked.iter().filter(|it| it.follower == "mail").count();
    if sent > public || sent + parked < public {
        faults.push(format!(
            "{sent} mails and {parked} parked for {public} events"
        ));
    }
    Ok(Report {
        shipped: shipped.len(),
        canceled: ended - shipped.len(),
        open,
        taken,
        faults,
    })
}

async fn fold(shop: &Shop) -> Result<Folded> {
    let (mut folded, mut position) = (Folded::default(), 0);
    loop {
        let events = shop.store.after(position).await?;
        let Some(last) = events.last() else {
            return Ok(folded);
        };
        position = last.position;
        for recorded in events {
            folded.public += usize::from(bus::message(&recorded).is_some());
            match recorded.event() {
                Ok(event) => folded.apply(&recorded.stream, &event),
                Err(error) => folded.faults.push(error.to_string()),
            }
        }
    }
}

impl Folded {
    fn apply(&mut self, stream: &str, event: &Event) {
        if let Some(id) = Order::of_stream(stream) {
            self.orders.entry(id).or_default().apply(event);
        } else if let Some(sku) = Stock::of_stream(stream) {
            let fault = format!("of {sku} more was reserved than there was");
            let stock = self.stocks.entry(sku).or_default();
            if matches!(event, Event::Reserved { quantity, .. } if *quantity > stock.available) {
                self.faults.push(fault);
            }
            stock.apply(event);
        }
    }

    /// The orders that were shipped.
    fn shipped(&self) -> BTreeMap<Uuid, &Placement> {
        let orders = self.orders.iter();
        let shipped = orders.filter(|(_, order)| order.end == Some(End::Shipped));
        let placed = shipped.filter_map(|(id, order)| Some((*id, order.placed.as_ref()?)));
        placed.collect()
    }
}

/// How many of a thing were shipped.
fn sold(shipped: &BTreeMap<Uuid, &Placement>, sku: &str) -> u64 {
    let lines = shipped.values().flat_map(|order| &order.lines);
    let its = lines.filter(|line| line.sku == sku);
    its.map(|line| u64::from(line.quantity)).sum()
}
