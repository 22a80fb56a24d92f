//! What can be seen of a frontier, by people and while a crawl runs.

use std::collections::HashSet;
use std::time::Duration;

use super::Result;
use crate::address::Address;

/// How many pages are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// To do.
    pub queued: u64,
    /// Being visited.
    pub taken: u64,
    /// Visited.
    pub done: u64,
    /// Given up.
    pub failed: u64,
    /// Left alone.
    pub skipped: u64,
    /// Beyond the budgets of their hosts.
    pub beyond: u64,
    /// Items that were extracted.
    pub items: u64,
    /// Hosts that are known.
    pub hosts: u64,
}

/// What is known of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// `queued`, `being visited`, `done`, `failed` or `skipped`.
    pub state: &'static str,
    /// The status of its last answer.
    pub status: Option<u16>,
    /// Why it failed or was left alone.
    pub reason: Option<String>,
    /// Links from a seed.
    pub depth: u32,
    /// How often it failed.
    pub failures: u32,
    /// Where it was first found, unless it's a seed.
    pub found_on: Option<String>,
    /// How long its host isn't asked from now on.
    pub rest: Duration,
}

/// A host with pages to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Its name.
    pub host: String,
    /// Pages that are queued.
    pub queued: u64,
    /// The time between two requests.
    pub delay: Duration,
    /// How long it isn't asked from now on.
    pub rest: Duration,
}

/// Looking into a frontier, also while a crawl is running: status, export, explain. Each call
/// fails if the store can't be read.
#[expect(async_fn_in_trait, reason = "no caller sends them to other threads")]
pub trait View {
    /// How far the crawl is.
    async fn tally(&self) -> Result<Tally>;

    /// What is known of an address.
    async fn page(&self, address: &Address) -> Result<Option<Page>>;

    /// The hosts of the addresses that the crawl began with.
    async fn seeds(&self) -> Result<HashSet<String>>;

    /// The hosts with most to do.
    async fn busiest(&self, most: u32) -> Result<Vec<Busy>>;

    /// Why pages failed or were left alone, the most frequent first.
    async fn reasons(&self, most: u32) -> Result<Vec<(String, u64)>>;

    /// Calls `write` with each item, a line of JSON, in the order of their pages. Its error ends
    /// this.
    async fn items(&self, write: impl FnMut(&str) -> std::io::Result<()>) -> Result<()>;
}
