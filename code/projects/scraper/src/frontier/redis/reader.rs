//! Looking into a crawl, also while it runs.

use std::collections::HashSet;
use std::time::Duration;

use redis::{Cmd, FromRedisValue};

use super::row::Row;
use super::{Line, RedisStore, Result};
use crate::address::Address;
use crate::frontier::clock::until;
use crate::frontier::{Busy, FrontierError, Millis, Page, Tally, View};

/// Items that are read at once.
const AT_ONCE: u64 = 500;

/// A view into a crawl, which changes nothing.
pub struct RedisReader(Line);

impl RedisReader {
    /// Connects.
    ///
    /// # Errors
    ///
    /// If there's no Redis.
    pub async fn open(store: &RedisStore) -> Result<RedisReader> {
        let nothing = Duration::ZERO;
        Ok(RedisReader(Line::open(store, nothing).await?))
    }
}

impl Line {
    async fn ask<T: FromRedisValue>(&self, words: &[&str], more: &[String]) -> Result<T> {
        let (command, words) = words.split_first().unwrap_or((&"PING", &[]));
        let (key, words) = words.split_first().unwrap_or((&"", &[]));
        let mut call = Cmd::new();
        call.arg(command)
            .arg(format!("{}{key}", self.prefix))
            .arg(words)
            .arg(more);
        let call = &call;
        let again = |mut line| async move { call.query_async(&mut line).await };
        self.patiently(again).await
    }

    pub(super) async fn tally(&self) -> Result<Tally> {
        let names = "HMGET n queued taken done failed skipped beyond items hosts";
        let names: Vec<&str> = names.split(' ').collect();
        let numbers: Vec<Option<u64>> = self.ask(&names, &[]).await?;
        let numbers = numbers.into_iter().map(Option::unwrap_or_default);
        let mut all = [0; 8];
        all.iter_mut()
            .zip(numbers)
            .for_each(|(here, number)| *here = number);
        Ok(Tally::of(all))
    }

    /// A host's delay, and how long it isn't asked from now on, by the clock of the server.
    async fn pace(&self, host: &str) -> Result<(Duration, Duration)> {
        let host = format!("h:{host}");
        let (delay, next_at): (u64, Millis) =
            self.ask(&["HMGET", &host, "delay", "next_at"], &[]).await?;
        let call = &redis::cmd("TIME");
        let time = |mut line| async move { call.query_async(&mut line).await };
        let (seconds, micros): (Millis, Millis) = self.patiently(time).await?;
        let now = seconds * 1_000 + micros / 1_000;
        Ok((Duration::from_millis(delay), until(next_at, now)))
    }

    async fn row(&self, id: i64) -> Result<Option<Row>> {
        let text: Option<String> = self.ask(&["HGET", "pages", &id.to_string()], &[]).await?;
        text.map(|text| Row::parse(&text)).transpose()
    }
}

impl View for RedisReader {
    async fn tally(&self) -> Result<Tally> {
        self.0.tally().await
    }

    async fn page(&self, address: &Address) -> Result<Option<Page>> {
        let id: Option<i64> = self.0.ask(&["HGET", "urls", address.as_str()], &[]).await?;
        let Some(id) = id else { return Ok(None) };
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
        self.0.ask(&["SMEMBERS", "seeds"], &[]).await
    }

    async fn busiest(&self, most: u32) -> Result<Vec<Busy>> {
        let last = most.saturating_sub(1).to_string();
        let hosts: Vec<(String, u64)> = self
            .0
            .ask(&["ZREVRANGE", "todo", "0", &last, "WITHSCORES"], &[])
            .await?;
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
        let mut reasons: Vec<(String, u64)> = self.0.ask(&["HGETALL", "reasons"], &[]).await?;
        reasons.sort_by(|(one, many), (other, more)| more.cmp(many).then(one.cmp(other)));
        reasons.truncate(most as usize);
        Ok(reasons)
    }

    async fn items(&self, mut write: impl FnMut(&str) -> std::io::Result<()>) -> Result<()> {
        let last: Option<u64> = self.0.ask(&["HGET", "n", "last"], &[]).await?;
        let last = last.unwrap_or_default();
        for first in (1..=last).step_by(AT_ONCE as usize) {
            let ids: Vec<_> = (first..(first + AT_ONCE).min(last + 1))
                .map(|id| id.to_string())
                .collect();
            let items: Vec<Option<String>> = self.0.ask(&["HMGET", "items"], &ids).await?;
            for item in items.into_iter().flatten() {
                write(&item).map_err(|error| FrontierError::Store(error.to_string()))?;
            }
        }
        Ok(())
    }
}
