//! The options of a crawl. Each has bounds, so that no number means "answers nothing" or "never".

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use patterns::breaker::Law;
use patterns::retry::Backoff;
use service::redis::Store;

use crate::crawl::{Scope, Settings};
use crate::fetch::{Fetcher, Limits};
use crate::frontier::Budget;
use crate::guard::Resolver;
use crate::hosts::Courtesy;
use crate::rules::Rules;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Where a crawl is.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// The crawl's folder: frontier.db, items.jsonl
    #[arg(long, default_value = "crawl")]
    pub dir: PathBuf,
    /// A Redis instead of the file, for many processes: redis://HOST/?namespace=NAME
    #[arg(long, value_name = "URL")]
    pub frontier: Option<Store>,
}

impl Place {
    pub(super) fn file(&self) -> PathBuf {
        self.dir.join("frontier.db")
    }

    /// Whether there may be a crawl.
    pub(super) fn exists(&self) -> bool {
        self.frontier.is_some() || self.file().exists()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.frontier {
            Some(store) => write!(f, "{store}"),
            None => write!(f, "{}", self.dir.display()),
        }
    }
}

/// How to crawl.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where its frontier and its items are.
    #[command(flatten)]
    pub place: Place,
    /// Seconds until others take over the pages of a process that died (with --frontier)
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub lease: u64,
    /// What to extract: a file of rules
    #[arg(long)]
    pub rules: Option<PathBuf>,
    /// Our name in robots.txt
    #[arg(long, default_value = "bookbot", value_parser = agent)]
    pub agent: String,
    /// Where to read about this robot; sent with each request
    #[arg(long, default_value = "https://example.org/bookbot")]
    pub about: String,
    /// Also go to hosts that aren't among the seeds
    #[arg(long)]
    pub any_host: bool,
    /// Links from a seed
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub depth: u32,
    /// Pages of this run
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub pages: u64,
    /// Pages of a host that are known; what's found beyond is left aside
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub pages_per_host: u32,
    /// Milliseconds between two requests to a host, at least
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(0..=3_600_000))]
    pub delay: u64,
    /// Requests to a host at the same time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub per_host: u32,
    /// Requests at the same time
    #[arg(long, default_value_t = 16, value_parser = RangedU64ValueParser::<usize>::from(1..=1_024))]
    pub at_once: usize,
    /// Attempts for a page
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub attempts: u32,
    /// Kilobytes of a page, after decompression
    #[arg(long, default_value_t = 4_096, value_parser = RangedU64ValueParser::<usize>::from(1..=1_048_576))]
    pub body: usize,
    /// Seconds for a page
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub timeout: u64,
    /// Allow addresses of this machine and its network
    #[arg(long)]
    pub private: bool,
    /// NAME=ADDRESS: don't ask DNS for this name
    #[arg(long, value_parser = name)]
    pub resolve: Vec<(String, IpAddr)>,
    /// Rules that come with the demo
    #[arg(skip)]
    pub own_rules: Option<&'static str>,
}

impl Options {
    /// The shop is on this machine, bears a lot, and has traps.
    pub(super) fn for_demo(&mut self, names: Vec<(String, IpAddr)>, rules: &'static str) {
        self.private = true;
        self.resolve.extend(names);
        self.own_rules = Some(rules);
        // The calendar has no end, and each of its months is a link deeper.
        self.depth = self.depth.min(30);
        self.delay = self.delay.min(2);
    }

    pub(super) fn budget(&self) -> Budget {
        Budget {
            pages: self.pages_per_host,
            places: self.per_host,
            delay: Duration::from_millis(self.delay),
        }
    }

    pub(super) fn settings(&self, scope: Scope) -> Settings {
        Settings {
            agent: self.agent.clone(),
            scope,
            depth: self.depth,
            hops: 10,
            pages: self.pages,
            at_once: self.at_once,
            backoff: Backoff {
                first: SECOND,
                longest: MINUTE,
                attempts: self.attempts,
            },
            courtesy: Courtesy {
                delay: Duration::from_millis(self.delay),
                longest: MINUTE,
                rest: DAY,
                breaker: Law {
                    window: MINUTE,
                    calls: 5,
                    ratio: 0.8,
                    pause: MINUTE / 2,
                    probes: 1,
                },
                failures: 20,
            },
        }
    }

    pub(super) fn fetcher(&self) -> Result<Fetcher> {
        let mut known = HashMap::<_, Vec<_>>::new();
        for (name, address) in &self.resolve {
            known.entry(name.clone()).or_default().push(*address);
        }
        let resolver = Resolver {
            private: self.private,
            known: Arc::new(known),
        };
        let limits = Limits {
            body: self.body * 1_024,
            total: Duration::from_secs(self.timeout),
            idle: Duration::from_secs(self.timeout.min(10)),
        };
        let (agent, version, about) = (&self.agent, env!("CARGO_PKG_VERSION"), &self.about);
        let agent = format!("{agent}/{version} (+{about})");
        Fetcher::new(&agent, resolver, limits).context("cannot make a client")
    }

    pub(super) fn rules(&self) -> Result<Rules> {
        let Some(file) = &self.rules else {
            return Ok(Rules::parse(self.own_rules.unwrap_or("rule = []"))?);
        };
        let text = std::fs::read_to_string(file);
        let text = text.with_context(|| format!("cannot read {}", file.display()))?;
        Rules::parse(&text).with_context(|| file.display().to_string())
    }
}

fn agent(text: &str) -> Result<String, String> {
    let is_token = |c: char| c.is_ascii_alphabetic() || "_-".contains(c);
    match !text.is_empty() && text.chars().all(is_token) {
        true => Ok(text.to_owned()),
        false => Err("letters, hyphens and underscores, as robots.txt wants it".to_owned()),
    }
}

fn name(text: &str) -> Result<(String, IpAddr), String> {
    let (name, address) = text.split_once('=').ok_or("NAME=ADDRESS")?;
    let address = address
        .parse()
        .map_err(|_| format!("{address:?} is no IP address"))?;
    Ok((name.to_ascii_lowercase(), address))
}
