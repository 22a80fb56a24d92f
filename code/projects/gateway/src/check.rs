//! Reading the file, and what is wrong with it.

use hyper::header::{self, HeaderName};
use hyper::http::uri::PathAndQuery;

use crate::config::{Config, Route, Upstream};
use crate::target::{self, is_host};

/// Redis counts in microseconds.
const FASTEST_SHARED: u32 = 100_000;

/// A body that is to be changed is in memory, and so are those of all requests under way.
const LONGEST_JSON: usize = 16 << 20;

/// Fields that say where a message ends, which no rule may change.
static FRAMING: [HeaderName; 3] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
];

/// Something in the file that must be changed before it's used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// What is wrong, and what to write instead.
    pub text: String,
}

/// Reads a configuration. The error is all its faults; the first only, if it isn't TOML or a field
/// has the wrong type.
pub fn parse(text: &str) -> Result<Config, Vec<Fault>> {
    let fault = |(at, words): (usize, String)| Fault {
        line: text[..at.min(text.len())].matches('\n').count() + 1,
        text: words,
    };
    let config: Config = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        vec![fault((at, error.message().to_owned()))]
    })?;
    let mut faults = Faults::new();
    if !(1..=1_000_000).contains(&config.connections) || config.workers > 256 {
        let text = "connections must be 1 to 1000000, and workers at most 256";
        faults.push((0, text.to_owned()));
    }
    if let Some(url) = &config.redis
        && let Err(error) = redis::Client::open(url.get_ref().as_str())
    {
        let text = format!("redis is not an address: {error}. Write \"redis://10.0.0.9\"");
        faults.push((url.span().start, text));
    }
    for (name, upstream) in &config.upstream {
        let at = upstream.servers.span().start;
        let has = |text: &str| faults.push((at, format!("{name} has {text}")));
        check_upstream(upstream, has);
    }
    for route in &config.route {
        check_conditions(route, &mut faults);
        let (name, at) = (&route.name, route.upstream.span().start);
        let that = |text: &str| faults.push((at, format!("route {name} {text}")));
        check_route(route, &config, that);
    }
    match faults.is_empty() {
        true => Ok(config),
        false => Err(faults.into_iter().map(fault).collect()),
    }
}

/// Where in the file, and what.
type Faults = Vec<(usize, String)>;

fn check_upstream(upstream: &Upstream, mut has: impl FnMut(&str)) {
    let servers = upstream.servers.get_ref();
    let count = servers.len();
    if count == 0 || count > 64 {
        has(&format!("{count} servers: give it 1 to 64"));
    }
    let mut weights = servers.iter().map(|server| server.weight);
    if !weights.all(|weight| (1..=100).contains(&weight)) {
        has("a weight out of bounds: 1 to 100");
    }
    let (panic, ratio) = (upstream.panic, upstream.breaker_ratio);
    let is_share = |share: f64| (0.0..=1.0).contains(&share);
    if !is_share(panic) || !is_share(ratio) || ratio == 0.0 {
        has("a panic or a breaker_ratio that is no share: 0.0 to 1.0");
    }
    if upstream.calls_per_retry == 0 {
        has("calls_per_retry = 0: without a bound, retries prolong an outage");
    }
    if let Some(check) = &upstream.check {
        if !check.path.starts_with('/') {
            has(&format!("a check of {:?}: begin it with /", check.path));
        }
        if !(100..=999).contains(&check.status) {
            has("a check of a status that is none: write 100 to 999");
        }
        if check.rise == 0 || check.fall == 0 {
            has("a rise or a fall of 0: use numbers above 0");
        }
    }
}

/// A host and a path are compared with what [`crate::target`] reads of a request: written in
/// another form, they match nothing.
fn check_conditions(route: &Route, faults: &mut Faults) {
    let (name, path) = (&route.name, route.path.get_ref());
    if let Some(fault) = fault_of_path(path) {
        let text = format!("the path of route {name} is {path:?}{fault}");
        faults.push((route.path.span().start, text));
    }
    if let Some(host) = &route.host
        && !can_match(host.get_ref())
    {
        let text = format!(
            "the host of route {name} is {:?}, which matches nothing: write the name alone, \
             without a port, as in \"shop.example\" or \"*.shop.example\"",
            host.get_ref()
        );
        faults.push((host.span().start, text));
    }
}

fn fault_of_path(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return Some(": begin it with /".to_owned());
    }
    let read = match path.parse::<PathAndQuery>() {
        Ok(read) => target::normal(read.path()).map_err(|refusal| refusal.why),
        Err(_) => Err("a character that must be encoded"),
    };
    match read {
        Ok(read) if read == path => None,
        Ok(read) => Some(format!(", which matches nothing: write {read:?}")),
        Err(why) => Some(format!(
            ", which matches nothing, since requests with {why} are refused: leave that out"
        )),
    }
}

fn can_match(host: &str) -> bool {
    let end = host.strip_prefix('*').unwrap_or(host);
    host == "*" || (is_host(end) && target::name(end).eq_ignore_ascii_case(end))
}

fn check_route(route: &Route, config: &Config, mut that: impl FnMut(&str)) {
    let upstream = route.upstream.get_ref();
    if !config.upstream.contains_key(upstream) {
        let known: Vec<_> = config.upstream.keys().map(String::as_str).collect();
        let known = known.join(", ");
        that(&format!(
            "goes to {upstream:?}, which isn't there: take one of {known}, or add [upstream.{upstream}]"
        ));
    }
    if let Some(rate) = &route.rate {
        if rate.per_second == 0 || rate.burst == 0 {
            that("has a rate that lets nothing through: use numbers above 0");
        }
        if rate.shared && (config.redis.is_none() || rate.per_second > FASTEST_SHARED) {
            that(&format!(
                "shares its rate: that needs redis = \"redis://…\", and at most {FASTEST_SHARED} a second"
            ));
        }
    }
    if route.at_once == Some(0) {
        that("has at_once = 0, which lets nothing through");
    }
    for rules in [&route.request, &route.answer] {
        let mut changed = rules.set.iter().map(|(name, _)| name).chain(&rules.remove);
        if changed.any(|name| FRAMING.contains(name)) {
            that("removes or sets a field that says where a message ends: leave it out");
        }
        let at_most = rules.json.as_ref().map_or(1, |json| json.at_most);
        if !(1..=LONGEST_JSON).contains(&at_most) {
            that(&format!(
                "has an at_most out of bounds: 1 to {LONGEST_JSON} bytes"
            ));
        }
    }
}
