//! A group of servers, and what we know of each: what's under way, how fast it answers, whether
//! it's well, and whether its breaker lets us through.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use patterns::breaker::{Breaker, Law, Permit};
use patterns::retry::RetryBudget;
use tokio::time::Instant;

use crate::balance::{Balance, Load, Mask};
use crate::config;

/// How fast the memory of a slow answer fades.
const FADES_IN: Duration = Duration::from_secs(10);

/// The delay of a server that hasn't answered yet, in seconds: low, so that it's tried.
const UNKNOWN: f64 = 0.001;

/// Retries that are saved at the start.
const BURST: u32 = 10;

/// One server.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    weight: u32,
    under_way: AtomicUsize,
    breaker: Breaker,
    /// What the checks say. True until they say otherwise.
    well: AtomicBool,
    /// The peak of its delays, in seconds, and when it was. Short sections, without awaits.
    delay: Mutex<(f64, Instant)>,
    /// When it came back, if it was away.
    back: Mutex<Option<Instant>>,
    /// For the page: answers, and failures.
    pub answered: AtomicU64,
    /// Attempts without a good answer.
    pub failed: AtomicU64,
}

impl Server {
    fn new(server: &config::Server, law: Law) -> Server {
        Server {
            address: server.address,
            weight: server.weight,
            under_way: AtomicUsize::new(0),
            breaker: Breaker::new(law),
            well: AtomicBool::new(true),
            delay: Mutex::new((UNKNOWN, Instant::now())),
            back: Mutex::new(None),
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Whether the checks say that it's well.
    pub fn is_well(&self) -> bool {
        self.well.load(Relaxed)
    }

    /// Says what the checks found.
    pub fn set_well(&self, well: bool) {
        let was = self.well.swap(well, Relaxed);
        if well && !was {
            *self.back.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }

    /// Requests under way.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Relaxed)
    }

    /// Whether its breaker is open.
    pub fn is_left_aside(&self) -> bool {
        self.breaker.is_open()
    }

    /// A request goes to it, until the guard is dropped.
    pub fn enter(self: &Arc<Server>) -> UnderWay {
        self.under_way.fetch_add(1, Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// It answered after so long.
    pub fn answered_after(&self, took: Duration) {
        self.answered.fetch_add(1, Relaxed);
        self.learn(took, 0.1);
    }

    /// It was waited for so long, with or without an answer.
    pub fn kept_waiting(&self, so_long: Duration) {
        self.learn(so_long, 0.0);
    }

    /// A peak counts at once, and is forgotten slowly; what's below it has this weight.
    fn learn(&self, took: Duration, weight: f64) {
        let took = took.as_secs_f64();
        let mut delay = self.delay.lock().unwrap_or_else(PoisonError::into_inner);
        let faded = faded(*delay);
        *delay = (took.max(faded + (took - faded) * weight), Instant::now());
    }

    /// The delay to expect, in seconds, without what's under way.
    pub fn delay(&self) -> f64 {
        faded(*self.delay.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn faded((delay, at): (f64, Instant)) -> f64 {
    (delay * (-at.elapsed().as_secs_f64() / FADES_IN.as_secs_f64()).exp()).max(UNKNOWN)
}

/// A request that is under way at a server, its body included.
#[derive(Debug)]
pub struct UnderWay(Arc<Server>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Relaxed);
    }
}

/// A group of servers.
#[derive(Debug)]
pub struct Upstream {
    /// Its name in the file.
    pub name: String,
    /// At most 64.
    pub servers: Vec<Arc<Server>>,
    /// The retries of all its requests.
    pub budget: RetryBudget,
    /// The second attempts of those that take long.
    pub hedges: RetryBudget,
    /// What the file says.
    pub says: config::Upstream,
    balance: Balance,
    law: Law,
}

impl Upstream {
    /// A group. Servers that `before` had at the same address keep what's known of them.
    pub fn new(name: &str, says: &config::Upstream, before: Option<&Upstream>) -> Upstream {
        let law = Law {
            window: Duration::from_secs(10),
            calls: 5,
            ratio: says.breaker_ratio,
            pause: says.breaker_pause,
            probes: 2,
        };
        let server = |says: &config::Server| {
            let mut known = before.iter().flat_map(|before| &before.servers);
            let same =
                |one: &&Arc<Server>| one.address == says.address && one.weight == says.weight;
            let known = known.find(same).cloned();
            known.unwrap_or_else(|| Arc::new(Server::new(says, law)))
        };
        let servers = says.servers.get_ref().iter();
        let weights: Vec<_> = servers.clone().map(|server| server.weight).collect();
        Upstream {
            name: name.to_owned(),
            servers: servers.map(server).collect(),
            budget: RetryBudget::new(BURST, says.calls_per_retry),
            hedges: RetryBudget::new(BURST, says.calls_per_retry),
            says: says.clone(),
            balance: Balance::new(says.balance, &weights),
            law,
        }
    }

    /// Servers that were kept go by this group's law from now on. Call it when the group is in force.
    pub fn rule(&self) {
        for server in &self.servers {
            server.breaker.obey(self.law);
        }
    }

    // ANCHOR: candidates
    /// Those that may be asked: the well ones. If too few are well, the checks are more likely
    /// wrong than all these servers, and a flood on the rest would take that down too: then all.
    pub fn candidates(&self) -> Mask {
        let all = Mask::first(self.servers.len());
        let unwell = (0..self.servers.len()).filter(|server| !self.servers[*server].is_well());
        let well = unwell.fold(all, Mask::without);
        let share = well.len() as f64 / all.len() as f64;
        match well.is_empty() || share < self.says.panic {
            true => all,
            false => well,
        }
    }

    /// Those that the next attempt may ask: not the one that was asked, if there's another.
    pub fn others(&self, may: Mask, asked: usize) -> Mask {
        match may.without(asked) {
            others if others.is_empty() => self.candidates(),
            others => others,
        }
    }

    /// Picks one of those that may be asked, whose breaker lets us through. If all the breakers are
    /// open, the error is how long to wait.
    pub fn pick(&self, mut may: Mask, key: u64) -> Result<(usize, Permit<'_>), Duration> {
        let mut wait = Duration::MAX;
        while !may.is_empty() {
            let dice = |below| fastrand::usize(..below);
            let server = self.balance.pick(may, self, key, dice);
            match self.servers[server].breaker.enter() {
                Ok(permit) => return Ok((server, permit)),
                Err(open) => wait = wait.min(open.wait),
            }
            may = may.without(server);
        }
        Err(wait)
    }
    // ANCHOR_END: candidates
}

impl Load for Upstream {
    fn under_way(&self, server: usize) -> usize {
        self.servers[server].under_way()
    }

    fn delay(&self, server: usize) -> f64 {
        let server = &self.servers[server];
        server.delay() * (server.under_way() + 1) as f64
    }

    /// A server that came back gets a tenth of its share at first.
    fn share(&self, server: usize) -> f64 {
        let server = &self.servers[server];
        let mut back = server.back.lock().unwrap_or_else(PoisonError::into_inner);
        let warm = back.map_or(1.0, |back| {
            back.elapsed().as_secs_f64() / self.says.slow_start.as_secs_f64()
        });
        if warm >= 1.0 {
            *back = None;
        }
        f64::from(server.weight) * warm.clamp(0.1, 1.0)
    }
}
