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
/// Hosts beyond these, and those that weren't visited for an hour, are forgotten and learned anew.
const MOST: u64 = 10_000;
const IDLE: Duration = Duration::from_secs(3600);
/// Retries of a host: a fifth of its pages, and so many at first.
const RETRIES: (u32, u32) = (10, 5);

/// How to behave towards each host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Courtesy {
    /// The least time between two requests.
    pub delay: Duration,
    /// The longest, also if robots.txt asks for more.
    pub longest: Duration,
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
        let (delay, usual) = (least, Duration::ZERO);
        Pace {
            delay,
            least,
            usual,
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

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(60);

    fn courtesy() -> Courtesy {
        Courtesy {
            delay: Duration::from_secs(1),
            longest: LONGEST,
            breaker: Law {
                window: LONGEST,
                calls: 5,
                ratio: 0.5,
                pause: LONGEST,
                probes: 1,
            },
            failures: 3,
        }
    }

    #[test]
    fn a_host_that_gets_slow_is_asked_less_often_and_recovers() {
        let mut pace = Pace::new(Duration::from_millis(10));
        let (fast, slow) = (Duration::from_millis(50), Duration::from_millis(900));
        for _ in 0..50 {
            pace.note(Some(fast), true, LONGEST);
        }
        assert_eq!(pace.delay, pace.least);
        pace.note(Some(slow), true, LONGEST);
        assert_eq!(pace.delay, Pace::STEP);
        pace.note(Some(slow), true, LONGEST);
        assert_eq!(pace.delay, Pace::STEP * 2);
        for _ in 0..100 {
            pace.note(Some(fast), true, LONGEST);
        }
        assert_eq!(pace.delay, pace.least);
    }

    #[test]
    fn refusals_slow_down_to_the_longest_delay_and_no_further() {
        let mut pace = Pace::new(Duration::ZERO);
        for _ in 0..100 {
            pace.note(None, false, LONGEST);
        }
        assert_eq!(pace.delay, LONGEST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_crawl_delay_is_kept_up_to_the_longest_and_reported_beyond() {
        let host = Host::new(courtesy());
        let with = |text: &str| Robots::parse("bookbot", text.as_bytes());
        assert_eq!(host.set_robots(with("User-agent: *\nCrawl-delay: 7")), None);
        assert_eq!(host.delay(), Duration::from_secs(7));
        let asked = host.set_robots(with("User-agent: *\nCrawl-delay: 86400"));
        assert_eq!(asked, Some(Duration::from_secs(86_400)));
        assert_eq!(host.delay(), LONGEST);
    }

    #[tokio::test(start_paused = true)]
    async fn robots_txt_is_asked_for_again_after_a_day() {
        let host = Host::new(courtesy());
        host.set_robots(Robots::open());
        tokio::time::advance(FRESH - Duration::from_secs(1)).await;
        assert!(host.robots().is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(host.robots().is_none());
    }

    #[test]
    fn failures_in_a_row_give_a_host_up() {
        let host = Host::new(courtesy());
        assert!(!host.note(None, false) && !host.note(None, false));
        assert!(!host.note(None, true) && !host.note(None, false));
        assert!(!host.note(None, false) && host.note(None, false));
    }
}
