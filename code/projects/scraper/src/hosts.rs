//! What a crawl knows of each host while it runs: its robots.txt, its pace, its breaker and how
//! many retries are left. All of it can be learned anew; what must survive is in the frontier.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::future::Cache;
use patterns::breaker::{Breaker, Law};
use patterns::retry::RetryBudget;
use tokio::time::Instant;

use crate::robots::Robots;

/// robots.txt is asked for again after a day, as the RFC wants.
const FRESH: Duration = Duration::from_secs(24 * 3600);
/// Hosts beyond these, and those that weren't visited for two days, are forgotten and learned
/// anew; a host may rest for a day.
const MOST: u64 = 10_000;
const IDLE: Duration = Duration::from_secs(48 * 3600);
/// Retries of a host: a fifth of its pages, and so many at first.
const RETRIES: (u32, u32) = (10, 5);

/// How to behave towards each host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Courtesy {
    /// The least time between two requests.
    pub delay: Duration,
    /// The longest, also if robots.txt asks for more.
    pub longest: Duration,
    /// How long it's left alone if it asks for that; one that asks for more is given up.
    pub rest: Duration,
    /// When to leave it alone for a while.
    pub breaker: Law,
    /// Failures in a row after which it's given up.
    pub failures: u32,
}

/// All hosts of a crawl.
#[derive(Debug)]
pub struct Hosts {
    hosts: Cache<String, Arc<Host>>,
    courtesy: Courtesy,
}

/// One host.
#[derive(Debug)]
pub struct Host {
    courtesy: Courtesy,
    /// Refuses requests while the host is down.
    pub breaker: Breaker,
    /// Bounds the retries of all its pages together.
    pub budget: RetryBudget,
    /// Held while robots.txt is asked for, so that it's asked for once.
    pub asking: tokio::sync::Mutex<()>,
    robots: Mutex<Option<(Instant, Arc<Robots>)>>,
    robots_failures: AtomicU32,
    in_a_row: AtomicU32,
    rests: Mutex<Option<Instant>>,
    pace: Mutex<Pace>,
}

impl Hosts {
    /// None is known yet.
    pub fn new(courtesy: Courtesy) -> Hosts {
        let hosts = Cache::builder()
            .max_capacity(MOST)
            .time_to_idle(IDLE)
            .build();
        Hosts { hosts, courtesy }
    }

    /// What's known of a host.
    pub async fn get(&self, name: &str) -> Arc<Host> {
        let new = async { Arc::new(Host::new(self.courtesy)) };
        self.hosts.get_with_by_ref(name, new).await
    }
}

impl Host {
    fn new(courtesy: Courtesy) -> Host {
        let (burst, calls_per_retry) = RETRIES;
        Host {
            courtesy,
            breaker: Breaker::new(courtesy.breaker),
            budget: RetryBudget::new(burst, calls_per_retry),
            asking: tokio::sync::Mutex::default(),
            robots: Mutex::default(),
            robots_failures: AtomicU32::new(0),
            in_a_row: AtomicU32::new(0),
            rests: Mutex::default(),
            pace: Mutex::new(Pace::new(courtesy.delay)),
        }
    }

    /// Its robots.txt, unless that's unknown or a day old.
    pub fn robots(&self) -> Option<Arc<Robots>> {
        let robots = lock(&self.robots);
        let fresh = robots.as_ref().filter(|(read, _)| read.elapsed() < FRESH);
        fresh.map(|(_, robots)| robots.clone())
    }

    /// Keeps its robots.txt, and its crawl-delay as the least delay; says if that was too long.
    pub fn set_robots(&self, robots: Robots) -> Option<Duration> {
        let asked = robots.delay.unwrap_or_default();
        let least = self.courtesy.delay.max(asked.min(self.courtesy.longest));
        lock(&self.pace).least(least);
        *lock(&self.robots) = Some((Instant::now(), Arc::new(robots)));
        self.robots_failures.store(0, Ordering::Relaxed);
        (asked > self.courtesy.longest).then_some(asked)
    }

    /// Its robots.txt couldn't be read: how often in a row?
    pub fn robots_failed(&self) -> u32 {
        self.robots_failures.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A request ended; says whether the host should be given up.
    pub fn note(&self, latency: Option<Duration>, good: bool) -> bool {
        lock(&self.pace).note(latency, good, self.courtesy.longest);
        if good {
            self.in_a_row.store(0, Ordering::Relaxed);
            return false;
        }
        self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= self.courtesy.failures
    }

    /// It asks to be left alone for so long; says how often in a row it has failed or asked. An
    /// answer that comes while it rests is to a request that was under way: it says the same
    /// once more, and isn't counted.
    pub fn refused(&self, latency: Option<Duration>, rest: Duration) -> u32 {
        let now = Instant::now();
        let mut rests = lock(&self.rests);
        let resting = rests.is_some_and(|until| now < until);
        *rests = rests.max(Some(now + rest));
        if resting {
            return 0;
        }
        self.note(latency, false);
        self.in_a_row.load(Ordering::Relaxed)
    }

    /// The time between two requests now.
    pub fn delay(&self) -> Duration {
        lock(&self.pace).delay
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// ANCHOR: pace
/// The time between two requests: longer when a host gets slow or refuses, shorter when it's well.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pace {
    delay: Duration,
    least: Duration,
    /// How long an answer takes on average.
    usual: Duration,
}

impl Pace {
    /// Answers faster than this are never called slow.
    const FAST: Duration = Duration::from_millis(100);
    /// The first step up from no delay at all.
    const STEP: Duration = Duration::from_millis(50);

    fn new(least: Duration) -> Pace {
        Pace {
            delay: least,
            least,
            usual: Duration::ZERO,
        }
    }

    fn least(&mut self, least: Duration) {
        self.least = least;
        self.delay = self.delay.max(least);
    }

    fn note(&mut self, latency: Option<Duration>, good: bool, longest: Duration) {
        let slow = latency.is_some_and(|it| it > Self::FAST.max(self.usual * 3));
        if slow || !good {
            self.delay = (self.delay * 2).clamp(Self::STEP, longest.max(self.least));
        } else {
            self.delay = self.delay.mul_f64(0.9).max(self.least);
        }
        if let Some(latency) = latency {
            self.usual = (self.usual * 9 + latency) / 10;
        }
    }
}
// ANCHOR_END: pace
