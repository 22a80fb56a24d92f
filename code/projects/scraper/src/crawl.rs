//! The crawl: takes pages from the frontier, visits them, and writes down how that ended, until
//! nothing is pending or it's told to stop.

use std::collections::HashSet;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use futures::FutureExt;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::address::Address;
use crate::frontier::{Ended, Found, Frontier, FrontierError, Kind, Outcome, Taken};

pub use visit::{Settings, Visitor};

mod visit;

/// Looks for work again after so long if nothing else wakes it: other processes may have ended
/// the last page.
const POLL: Duration = Duration::from_secs(1);

/// Which hosts a crawl may go to.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    /// These, as [`Address::host`] names them.
    Hosts(HashSet<String>),
    /// All.
    Any,
}

impl Scope {
    /// Whether an address is one of them.
    pub fn allows(&self, address: &Address) -> bool {
        match self {
            Scope::Hosts(hosts) => hosts.contains(&address.host()),
            Scope::Any => true,
        }
    }
}

/// What a crawl has done so far, for those who watch.
#[derive(Debug, Default)]
pub struct Progress {
    /// Requests that were answered by a page.
    pub pages: AtomicU64,
    /// Items that were extracted.
    pub items: AtomicU64,
    /// Visits that failed or will be repeated.
    pub troubles: AtomicU64,
    /// Pages left alone.
    pub skipped: AtomicU64,
    /// What's pending, as of the last look.
    pub pending: AtomicU64,
    /// Visits under way.
    pub visits: AtomicU64,
}

/// A seed: where a crawl begins.
pub fn seed(address: Address) -> Found {
    Found {
        address,
        depth: 0,
        hops: 0,
        priority: 0,
        kind: Kind::Page,
        on: None,
    }
}

/// How a crawl ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing is pending: all that could be found was.
    Complete,
    /// It was told to stop, or has visited as many pages as it may; the rest is in the frontier.
    Stopped,
}

// ANCHOR: crawl
/// Crawls until nothing is pending or `stop` is cancelled. Visits that are under way then come to
/// their end; each is bounded by the fetcher's limits.
///
/// # Errors
///
/// If the frontier fails. What's pending can be resumed.
///
/// Cancel safe: what was under way is visited again.
pub async fn crawl<F: Frontier>(
    frontier: Arc<F>,
    visitor: Arc<Visitor>,
    stop: CancellationToken,
) -> Result<End, FrontierError> {
    let (at_once, mut left) = (visitor.settings.at_once, visitor.settings.pages);
    let mut visits = JoinSet::new();
    let mut ended = Vec::new();
    loop {
        while let Some(visit) = visits.try_join_next() {
            ended.push(visit.map_err(unfinished)?);
        }
        let free = at_once.saturating_sub(visits.len());
        let mut want = usize::try_from(left).unwrap_or(usize::MAX).min(free);
        if stop.is_cancelled() {
            want = 0;
        }
        let claim = frontier.turn(mem::take(&mut ended), want).await?;
        if claim.pending == 0 {
            return Ok(End::Complete);
        }
        let wait = claim.wait.unwrap_or(POLL).min(POLL);
        left -= claim.pages.len() as u64;
        for page in claim.pages {
            visits.spawn(visit(visitor.clone(), page));
        }
        visitor.progress.pending.store(claim.pending, Relaxed);
        visitor.progress.visits.store(visits.len() as u64, Relaxed);
        if want == 0 && visits.is_empty() {
            return Ok(End::Stopped);
        }
        let waits = want > 0 && visits.len() < at_once;
        tokio::select! {
            Some(visit) = visits.join_next() => ended.push(visit.map_err(unfinished)?),
            () = sleep(wait), if waits => {}
            () = stop.cancelled(), if !stop.is_cancelled() => debug!("stopping"),
        }
    }
}
// ANCHOR_END: crawl

/// A visit catches its own panics, so this isn't met but when the runtime ends.
fn unfinished(_: JoinError) -> FrontierError {
    FrontierError::Closed
}

async fn visit(visitor: Arc<Visitor>, page: Taken) -> Ended {
    let failed = Outcome::Failed("the visit panicked".to_owned());
    let panicked = Ended {
        delay: visitor.settings.courtesy.delay,
        ..page.end(failed)
    };
    let ended = caught(panicked, visitor.visit(page)).await;
    visitor.progress.note(&ended);
    ended
}

/// A visit ends in the frontier however it ends here: a page that stays taken would keep the
/// crawl from ending.
async fn caught(panicked: Ended, visit: impl Future<Output = Ended>) -> Ended {
    let visit = AssertUnwindSafe(visit).catch_unwind();
    visit.await.unwrap_or_else(|_panic| {
        error!(page = panicked.id, "visit panicked");
        panicked
    })
}

impl Progress {
    fn note(&self, ended: &Ended) {
        let counter = match ended.outcome {
            Outcome::Done { .. } => &self.pages,
            Outcome::Skipped(_) => &self.skipped,
            Outcome::Again { failed: false } => return,
            Outcome::Again { .. } | Outcome::Failed(_) | Outcome::HostDown(_) => &self.troubles,
        };
        counter.fetch_add(1, Relaxed);
        self.items
            .fetch_add(u64::from(ended.item.is_some()), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_visit_that_panics_ends_its_page() {
        let page = Taken {
            id: 7,
            lease: 0,
            found: seed(Address::parse("http://a.example/").expect("an address")),
            failures: 0,
            etag: None,
            modified: None,
        };
        let failed = page.end(Outcome::Failed("panicked".to_owned()));
        let ended = caught(failed.clone(), async { panic!("an odd page") }).await;
        assert_eq!(ended, failed);
    }
}
