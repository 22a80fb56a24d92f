//! How far everything has come, and whether it's at its end.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tokio::time::sleep;

use crate::database::Result;
use crate::parked::Entry;
use crate::shop::Shop;
use crate::views::questions::{Fields, SAGA_STATES, SKIPPED};

/// How often it's looked whether all is done.
const LOOK: Duration = Duration::from_millis(5);

/// How far everything has come.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The position of the last event.
    pub head: u64,
    /// Where each view stands.
    pub views: BTreeMap<&'static str, u64>,
    /// Where the relay stands.
    pub relay: u64,
    /// How long the oldest event that isn't relayed has waited.
    pub outbox_age_ms: i64,
    /// How many sagas are in each state.
    pub sagas: Vec<Fields>,
    /// Messages that consumers couldn't deal with.
    pub parked: Vec<Entry>,
    /// Events that views couldn't take in.
    pub skipped: Vec<Fields>,
    /// How often a view had to wait, since this process began, for its rows and place to be written.
    pub failed_writes: u64,
}

impl Shop {
    /// How far everything has come.
    pub async fn status(&self) -> Result<Status> {
        let head = *self.store.head().borrow();
        let relay = self.store.place("relay").await?;
        let now = self.store.now_ms();
        let waiting = self.store.after(relay).await?;
        let since = waiting.first().map_or(now, |oldest| oldest.at_ms);
        Ok(Status {
            head,
            views: self.views.places(),
            relay,
            outbox_age_ms: now.saturating_sub(since).max(0),
            sagas: self.views.ask(SAGA_STATES, ()).await?,
            parked: self.parked.list().await?,
            skipped: self.views.ask(SKIPPED, ()).await?,
            failed_writes: self.views.failures(),
        })
    }

    /// Waits until there is nothing left to do: what isn't stuck or parked is at its end,
    /// told and shown.
    pub async fn settled(&self) -> Result<()> {
        loop {
            let head = *self.store.head().borrow();
            let shown = self.views.places().values().all(|place| *place == head);
            if shown
                && self.store.place("relay").await? == head
                && self.nothing_on_the_way().await
                && self.views.open_sagas().await?.is_empty()
                && *self.store.head().borrow() == head
            {
                return Ok(());
            }
            sleep(LOOK).await;
        }
    }

    /// Whether consumers have dealt with all that the bus has. Without one, the relay's place says it.
    async fn nothing_on_the_way(&self) -> bool {
        match &self.streams {
            Some(streams) => matches!(streams.waiting().await, Ok(0)),
            None => true,
        }
    }
}
