//! Looking into a crawl, also while it runs.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use redis::{Cmd, FromRedisValue};
use service::redis::Store;

use super::row::Row;
use super::{Calls, Result};
use crate::address::Address;
use crate::frontier::clock::{Millis, until};
use crate::frontier::{Busy, FrontierError, Page, Tally, View};

/// Items that are read at once.
const AT_ONCE: usize = 500;

/// A view into a crawl, which changes nothing.
pub struct RedisReader(Calls);

impl RedisReader {
    /// Connects. It's an error if there's no Redis.
    pub async fn open(store: &Store) -> Result<RedisReader> {
        Calls::open(store, Duration::ZERO).await.map(RedisReader)
    }
}

impl Calls {
    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    async fn ask<T: FromRedisValue>(&self, call: Cmd) -> Result<T> {
        let call = &call;
        self.patiently(|mut line| async move { call.query_async(&mut line).await })
            .await
    }

    pub(super) async fn tally(&self) -> Result<Tally> {
        let numbers: HashMap<String, u64> = self.ask(Cmd::hgetall(self.key("n"))).await?;
        let number = |name| numbers.get(name).copied().unwrap_or_default();
        Ok(Tally {
            queued: number("queued"),
            taken: number("taken"),
            done: number("done"),
            failed: number("failed"),
            skipped: number("skipped"),
            beyond: number("beyond"),
            items: number("items"),
            hosts: number("hosts"),
        })
    }

    /// A host's delay, and how long it isn't asked from now on, by the clock of the server.
    async fn pace(&self, host: &str) -> Result<(Duration, Duration)> {
        let pace = Cmd::hmget(self.key(&format!("h:{host}")), &["delay", "next_at"]);
        let (delay, next_at): (u64, Millis) = self.ask(pace).await?;
        let (seconds, micros): (Millis, Millis) = self.ask(redis::cmd("TIME")).await?;
        let now = seconds * 1_000 + micros / 1_000;
        Ok((Duration::from_millis(delay), until(next_at, now)))
    }

    async fn row(&self, id: i64) -> Result<Option<Row>> {
        let text: Option<String> = self.ask(Cmd::hget(self.key("pages"), id)).await?;
        text.map(|text| Row::parse(&text)).transpose()
    }
}

impl View for RedisReader {
    async fn tally(&self) -> Result<Tally> {
        self.0.tally().await
    }

    async fn page(&self, address: &Address) -> Result<Option<Page>> {
        let id = Cmd::hget(self.0.key("urls"), address.as_str());
        let Some(id) = self.0.ask(id).await? else {
            return Ok(None);
        };
        let Some(row) = self.0.row(id).await? else {
            return Ok(None);
        };
        let on = match row.on {
            Some(on) => self.0.row(on).await?,
            None => None,
        };
        let (_, rest) = self.0.pace(&row.host).await?;
        Ok(Some(row.page(on.map(|on| on.url), rest)))
    }

    async fn seeds(&self) -> Result<HashSet<String>> {
        self.0.ask(Cmd::smembers(self.0.key("seeds"))).await
    }

    async fn busiest(&self, most: u32) -> Result<Vec<Busy>> {
        let most = Cmd::zrevrange_withscores(self.0.key("todo"), 0, most as isize - 1);
        let hosts: Vec<(String, u64)> = self.0.ask(most).await?;
        let mut busiest = Vec::new();
        for (host, queued) in hosts.into_iter().filter(|(_, queued)| *queued > 0) {
            let (delay, rest) = self.0.pace(&host).await?;
            busiest.push(Busy {
                host,
                queued,
                delay,
                rest,
            });
        }
        Ok(busiest)
    }

    async fn reasons(&self, most: u32) -> Result<Vec<(String, u64)>> {
        let reasons = Cmd::hgetall(self.0.key("reasons"));
        let mut reasons: Vec<(String, u64)> = self.0.ask(reasons).await?;
        reasons.sort_by(|(one, many), (other, more)| more.cmp(many).then(one.cmp(other)));
        reasons.truncate(most as usize);
        Ok(reasons)
    }

    async fn items(&self, mut write: impl FnMut(&str) -> std::io::Result<()>) -> Result<()> {
        let last: Option<u64> = self.0.ask(Cmd::hget(self.0.key("n"), "last")).await?;
        let ids: Vec<u64> = (1..=last.unwrap_or_default()).collect();
        for some in ids.chunks(AT_ONCE) {
            let items = Cmd::hmget(self.0.key("items"), some);
            let items: Vec<Option<String>> = self.0.ask(items).await?;
            for item in items.into_iter().flatten() {
                write(&item).map_err(|error| FrontierError::Store(error.to_string()))?;
            }
        }
        Ok(())
    }
}
