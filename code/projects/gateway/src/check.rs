//! Reading the file, and what is wrong with it.

use std::fmt;

use hyper::http::uri::PathAndQuery;

use crate::config::{Config, Route, Upstream};
use crate::head::is_host;
use crate::headers::Rules;
use crate::target;

/// Redis counts in microseconds.
const FASTEST_SHARED: u32 = 100_000;

/// A body that is to be changed is in memory, and so are those of all requests under way.
const LONGEST_JSON: usize = 16 << 20;

/// Something in the file that must be changed before it's used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// What is wrong, and what to write instead.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// Reads a configuration.
///
/// # Errors
///
/// All its faults; the first only, if it isn't TOML or a field has the wrong type.
pub fn parse(text: &str) -> Result<Config, Vec<Fault>> {
    let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let config: Config = toml::from_str(text).map_err(|error| {
        let line = line(error.span().map_or(0, |span| span.start));
        let text = error.message().to_owned();
        vec![Fault { line, text }]
    })?;
    let mut faults = Vec::new();
    let mut fault = |at: usize, text: String| {
        let line = line(at);
        faults.push(Fault { line, text });
    };
    if !(1..=1_000_000).contains(&config.connections) || config.workers > 256 {
        let text = "connections must be 1 to 1000000, and workers at most 256";
        fault(0, text.to_owned());
    }
    if let Some(url) = &config.redis
        && let Err(error) = redis::Client::open(url.get_ref().as_str())
    {
        let text = format!("redis is not an address: {error}. Write \"redis://10.0.0.9\"");
        fault(url.span().start, text);
    }
    for (name, upstream) in &config.upstream {
        let at = upstream.servers.span().start;
        for text in faults_of_upstream(name, upstream) {
            fault(at, text);
        }
    }
    for route in &config.route {
        let at = route.upstream.span().start;
        for (at, text) in faults_of_conditions(route) {
            fault(at, text);
        }
        for text in faults_of_route(route, &config) {
            fault(at, text);
        }
    }
    if faults.is_empty() {
        return Ok(config);
    }
    Err(faults)
}

fn faults_of_upstream(name: &str, upstream: &Upstream) -> Vec<String> {
    let mut faults = Vec::new();
    let servers = upstream.servers.get_ref();
    if servers.is_empty() || servers.len() > 64 {
        let count = servers.len();
        faults.push(format!("{name} has {count} servers: give it 1 to 64"));
    }
    if servers
        .iter()
        .any(|server| !(1..=100).contains(&server.weight))
    {
        faults.push(format!("a weight of {name} is out of bounds: 1 to 100"));
    }
    let is_share = |share: f64| (0.0..=1.0).contains(&share);
    if !is_share(upstream.panic)
        || !is_share(upstream.breaker_ratio)
        || upstream.breaker_ratio == 0.0
    {
        faults.push(format!(
            "panic and breaker_ratio of {name} are shares: 0.0 to 1.0"
        ));
    }
    if upstream.calls_per_retry == 0 {
        faults.push(format!(
            "calls_per_retry of {name} is 0: without a bound, retries prolong an outage"
        ));
    }
    if let Some(check) = &upstream.check {
        if !check.path.starts_with('/') {
            faults.push(format!(
                "the check of {name} asks for {:?}: begin it with /",
                check.path
            ));
        }
        if !(100..=999).contains(&check.status) {
            faults.push(format!(
                "the status that the check of {name} waits for is none: write 100 to 999"
            ));
        }
        if check.rise == 0 || check.fall == 0 {
            faults.push(format!("rise and fall of {name} must be above 0"));
        }
    }
    faults
}

/// A host and a path are compared with what [`crate::target`] reads of a request: written in
/// another form, they match nothing.
fn faults_of_conditions(route: &Route) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
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
    faults
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

fn faults_of_route(route: &Route, config: &Config) -> Vec<String> {
    let mut faults = Vec::new();
    let (name, upstream) = (&route.name, route.upstream.get_ref());
    if !config.upstream.contains_key(upstream) {
        let known: Vec<_> = config.upstream.keys().map(String::as_str).collect();
        let known = known.join(", ");
        faults.push(format!(
            "route {name} goes to {upstream:?}, which isn't there: take one of {known}, or add [upstream.{upstream}]"
        ));
    }
    if let Some(rate) = &route.rate
        && (rate.per_second == 0 || rate.burst == 0)
    {
        faults.push(format!(
            "the rate of route {name} lets nothing through: use numbers above 0"
        ));
    }
    if let Some(rate) = &route.rate
        && rate.shared
        && (config.redis.is_none() || rate.per_second > FASTEST_SHARED)
    {
        faults.push(format!(
            "the rate of route {name} is shared: that needs redis = \"redis://…\", and at most {FASTEST_SHARED} a second"
        ));
    }
    if route.at_once == Some(0) {
        faults.push(format!(
            "at_once of route {name} is 0, which lets nothing through"
        ));
    }
    for rules in [&route.request, &route.answer] {
        if let Err(error) = Rules::new(rules) {
            faults.push(format!("route {name}: {error}"));
        }
        let at_most = rules.json.as_ref().and_then(|json| json.at_most);
        if at_most.is_some_and(|at_most| !(1..=LONGEST_JSON).contains(&at_most)) {
            faults.push(format!(
                "at_most of the JSON rules of route {name} is out of bounds: 1 to {LONGEST_JSON} bytes"
            ));
        }
    }
    faults
}
