//! The frontier: which pages are known, which are to do, and whose turn it is.
//!
//! Four rules hold at each moment, and after a crash:
//!
//! 1. An address has one row. It's looked up and added in one step.
//! 2. A row is queued, taken, or ended. *Pending* counts the first two.
//! 3. What a visit finds is added in the step that ends the visit. So pending reaches zero once,
//!    when no page can come anymore.
//! 4. A host's next moment stands beside its pages, and is moved in the step that takes one.
//!
//! [`SqliteFrontier`] keeps them in a file, by transactions; [`RedisFrontier`] in a Redis that many
//! processes share, by scripts. One suite of tests holds both to what [`Frontier`] says.

use std::time::Duration;

use futures::future::try_join_all;

use crate::address::Address;

pub use reader::Reader;
pub use redis::{RedisFrontier, RedisReader};
pub use sqlite::SqliteFrontier;
pub use view::{Busy, Page, Tally, View};

mod clock;
mod reader;
mod redis;
mod rows;
mod sqlite;
mod steps;
mod view;

/// What a call of a frontier answers.
pub type Result<T, E = FrontierError> = std::result::Result<T, E>;

/// What is behind an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A page with links and perhaps an item.
    Page = 0,
    /// A list of addresses. It's fetched, and nothing is extracted.
    Sitemap = 1,
}

impl Kind {
    /// As it's stored.
    fn of(number: u8) -> Kind {
        match number {
            1 => Kind::Sitemap,
            _ => Kind::Page,
        }
    }
}

/// An address that was found somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Where it leads.
    pub address: Address,
    /// Links from a seed to here.
    pub depth: u32,
    /// Redirects that led here in a row.
    pub hops: u32,
    /// Higher ones of a host come first.
    pub priority: i8,
    /// What to expect there.
    pub kind: Kind,
    /// The row of the page where it stood.
    pub on: Option<i64>,
}

/// A page that's to be visited now. The frontier waits for its [`Ended`].
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// Its row.
    pub id: i64,
    /// How often it has been taken, where processes may lose what they took.
    pub lease: u64,
    /// Where it is, how it was found, and what to expect.
    pub found: Found,
    /// How often it has failed.
    pub failures: u32,
    /// Of its last visit, in an earlier crawl.
    pub etag: Option<String>,
    /// Of its last visit, in an earlier crawl.
    pub modified: Option<String>,
}

impl Taken {
    /// The end of its visit, which asked the host, found nothing, and asks for no rest.
    pub fn end(&self, outcome: Outcome) -> Ended {
        Ended {
            id: self.id,
            lease: self.lease,
            outcome,
            found: Vec::new(),
            item: None,
            asked: true,
            delay: Duration::ZERO,
            rest: Duration::ZERO,
        }
    }
}

/// What there is to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claim {
    /// Visit these.
    pub pages: Vec<Taken>,
    /// Pages that are queued or taken. Zero: the crawl is over.
    pub pending: u64,
    /// How long until a host that has pages may be asked again, if one is waiting for that.
    pub wait: Option<Duration>,
}

/// How a visit ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The server answered with this status, and it was read.
    Done {
        /// The HTTP status.
        status: u16,
        /// For the next crawl.
        etag: Option<String>,
        /// For the next crawl.
        modified: Option<String>,
    },
    /// We may not, or don't want to; the reason is for people.
    Skipped(String),
    /// Asking again won't help, or was tried often enough.
    Failed(String),
    /// To be asked again, after the rest of its host.
    Again {
        /// Whether this counts as a failure of the page.
        failed: bool,
    },
    /// The host is given up, with all that's queued for it.
    HostDown(String),
}

/// The end of a visit: one step, as a whole or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The row of the page.
    pub id: i64,
    /// As it was taken. If another process has taken it since, this end is refused.
    pub lease: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// What it links to.
    pub found: Vec<Found>,
    /// What was extracted, as JSON.
    pub item: Option<String>,
    /// Whether the host was asked for anything.
    pub asked: bool,
    /// How long its host rests from now on between two requests.
    pub delay: Duration,
    /// How long its host rests now.
    pub rest: Duration,
}

/// How far a crawl of each host may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Pages of a host that are known. What's found beyond is counted and forgotten: traps end here.
    pub pages: u32,
    /// Visits to a host at the same time, at least 1. With one, the delay is kept exactly.
    pub places: u32,
    /// Between two requests to a host of which nothing is known yet.
    pub delay: Duration,
}

/// Why the frontier can't go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// Another process has it. Wait for that one, or stop it.
    #[error("{0} belongs to a crawl that is running")]
    Locked(String),
    /// Other processes crawl with another budget. Stop them, or use theirs.
    #[error("{name} is {there} in the crawl that is running, and not {here}")]
    Differs {
        /// The field of [`Budget`].
        name: String,
        /// What was asked for.
        here: String,
        /// What the others have.
        there: String,
    },
    /// The store can't be read or written; the crawl stops, and can be resumed.
    #[error("the frontier's store failed: {0}")]
    Store(String),
    /// The thread that writes has ended.
    #[error("the frontier is closed")]
    Closed,
}

impl From<rusqlite::Error> for FrontierError {
    fn from(error: rusqlite::Error) -> FrontierError {
        FrontierError::Store(error.to_string())
    }
}

// ANCHOR: frontier
/// Where the pages are. All calls can be sent again; none waits for work.
pub trait Frontier: Send + Sync + 'static {
    /// Queues what is new, and says how many that were.
    fn add(&self, found: Vec<Found>) -> impl Future<Output = Result<u64>> + Send;

    /// Takes up to `want` pages, of hosts whose turn it is.
    fn claim(&self, want: usize) -> impl Future<Output = Result<Claim>> + Send;

    /// Ends a visit. If the caller is dropped while it waits, it's done or not done, as a whole.
    fn end(&self, ended: Ended) -> impl Future<Output = Result<()>> + Send;

    /// Ends visits, and then takes pages as [`claim`](Frontier::claim) does: what a crawl does over
    /// and over, in as few steps as a store can.
    fn turn(&self, ended: Vec<Ended>, want: usize) -> impl Future<Output = Result<Claim>> + Send {
        async move {
            try_join_all(ended.into_iter().map(|ended| self.end(ended))).await?;
            self.claim(want).await
        }
    }

    /// Queues all pages that have ended again, to ask whether they have changed.
    fn again(&self) -> impl Future<Output = Result<()>> + Send;

    /// How far the crawl is.
    fn tally(&self) -> impl Future<Output = Result<Tally>> + Send;
}
// ANCHOR_END: frontier
