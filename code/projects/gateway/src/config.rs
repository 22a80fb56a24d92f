//! The file that says what the gateway does. Each fault is reported with its line and a remedy.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use toml::Spanned;

mod words;

/// The whole file. Numbers and times have bounds, which [`parse`] holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where clients connect. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Threads that serve clients, each with a runtime of its own. 0: one a core.
    #[serde(default)]
    pub workers: usize,
    /// Connections at a time, over all workers.
    #[serde(default = "words::number::<_, 10_000>")]
    pub connections: usize,
    /// Peers whose `X-Forwarded-For` is believed and added to.
    #[serde(default)]
    pub trusted: Vec<std::net::IpAddr>,
    /// A certificate and its key, for TLS.
    pub tls: Option<Tls>,
    /// Time limits that hold for all routes.
    #[serde(default)]
    pub times: Times,
    /// The cache, for routes that have `cache = true`.
    #[serde(default)]
    pub cache: CacheSize,
    /// Where gateways count together, for rates that have `shared = true`: `redis://10.0.0.9`.
    pub redis: Option<Spanned<String>>,
    /// Groups of servers, by name.
    pub upstream: BTreeMap<String, Upstream>,
    /// The first one that matches takes the request.
    pub route: Vec<Route>,
}

/// Files in PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate, and those of its issuers.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// How long things may take. A body has no limit for the whole: it must not stand still.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Times {
    /// A client's head, and how long its connection may be idle between two.
    #[serde(deserialize_with = "words::duration")]
    pub head: Duration,
    /// How long a body may stand still, in either direction.
    #[serde(deserialize_with = "words::duration")]
    pub still: Duration,
    /// Connecting to a server.
    #[serde(deserialize_with = "words::duration")]
    pub connect: Duration,
    /// The head of a server's answer, for one attempt.
    #[serde(deserialize_with = "words::duration")]
    pub first_byte: Duration,
    /// The same for all attempts of a request.
    #[serde(deserialize_with = "words::duration")]
    pub total: Duration,
    /// How long a stop waits for what is under way.
    #[serde(deserialize_with = "words::duration")]
    pub drain: Duration,
}

impl Default for Times {
    fn default() -> Times {
        Times {
            head: Duration::from_secs(10),
            still: Duration::from_secs(10),
            connect: Duration::from_secs(1),
            first_byte: Duration::from_secs(10),
            total: Duration::from_secs(20),
            drain: Duration::from_secs(30),
        }
    }
}

/// Bounds of the cache, in bytes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheSize {
    /// All bodies together.
    pub total: u64,
    /// One body.
    pub one: u64,
}

impl Default for CacheSize {
    fn default() -> CacheSize {
        CacheSize {
            total: 64 << 20,
            one: 1 << 20,
        }
    }
}

/// Servers that answer the same requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// At most 64.
    pub servers: Spanned<Vec<Server>>,
    /// Who gets the next request.
    #[serde(default)]
    pub balance: Balance,
    /// Ask them whether they're well.
    pub check: Option<Check>,
    /// When less than this share is well, the checks are believed no more, 0 to 1.
    #[serde(default = "words::half")]
    pub panic: f64,
    /// How long a server that came back gets less than its share.
    #[serde(default = "words::seconds::<10>")]
    #[serde(deserialize_with = "words::duration")]
    pub slow_start: Duration,
    /// The share of failures that opens a server's breaker, above 0 to 1.
    #[serde(default = "words::half")]
    pub breaker_ratio: f64,
    /// How long it stays open.
    #[serde(default = "words::seconds::<5>")]
    #[serde(deserialize_with = "words::duration")]
    pub breaker_pause: Duration,
    /// Requests that pay for one retry.
    #[serde(default = "words::number::<_, 10>")]
    pub calls_per_retry: u32,
}

/// One server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its share, for `weighted`, `ewma`, `least` and `hash`: 1 to 100.
    #[serde(default = "words::number::<_, 1>")]
    pub weight: u32,
}

/// Who gets the next request.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Balance {
    /// One after the other.
    RoundRobin,
    /// One after the other, by weight, without runs of the same.
    Weighted,
    /// The one with the fewest requests under way.
    Least,
    /// Of two that are drawn, the one with less delay times requests under way.
    #[default]
    Ewma,
    /// The same client address goes to the same server, unless that has far more than the others.
    HashClient,
    /// The same path goes to the same server, unless that has far more than the others.
    HashPath,
}

/// A request that a server must answer to count as well.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is asked for.
    pub path: String,
    /// How often, and a tenth more or less.
    #[serde(deserialize_with = "words::duration")]
    pub every: Duration,
    /// Good answers in a row that make it well.
    #[serde(default = "words::number::<_, 2>")]
    pub rise: u32,
    /// Bad ones that make it unwell.
    #[serde(default = "words::number::<_, 3>")]
    pub fall: u32,
    /// The status of a good one.
    #[serde(default = "words::number::<_, 200>")]
    pub status: u16,
}

/// Which requests go where, and through what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// For people.
    pub name: String,
    /// `shop.example`, or `*.example` for all below it, without a port. Absent: any.
    pub host: Option<Spanned<String>>,
    /// A path and all below it, without a query.
    pub path: Spanned<String>,
    /// In capitals. Absent: any.
    #[serde(default, deserialize_with = "words::methods")]
    pub methods: Option<Vec<Method>>,
    /// Fields that must have this value.
    #[serde(default, deserialize_with = "words::fields")]
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The name of an upstream.
    pub upstream: Spanned<String>,
    /// Takes the path's prefix away before the request is forwarded.
    #[serde(default)]
    pub strip: bool,
    /// Keep answers that may be kept for all.
    #[serde(default)]
    pub cache: bool,
    /// Compress what gets smaller by it.
    #[serde(default)]
    pub compress: bool,
    /// Requests a second for one client.
    pub rate: Option<Rate>,
    /// Requests at a time. Beyond it, one waits a second at most.
    pub at_once: Option<usize>,
    /// If a server hasn't answered for so long, a second one is asked, and the first answer counts.
    /// For requests that may be repeated, and at most one in `calls_per_retry`.
    #[serde(default, deserialize_with = "words::some_duration")]
    pub hedge: Option<Duration>,
    /// Tokens that a request must bring.
    pub tokens: Option<Tokens>,
    /// What to do with the fields of requests.
    #[serde(default)]
    pub request: Rules,
    /// The same for answers.
    #[serde(default)]
    pub answer: Rules,
}

/// A limit for one client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// What it regains.
    pub per_second: u32,
    /// What it may send at once.
    pub burst: u32,
    /// The field that tells clients apart. Absent: their address.
    #[serde(default, deserialize_with = "words::name")]
    pub by: Option<HeaderName>,
    /// Count together with all gateways that have the same `redis`, and a route of this name.
    #[serde(default)]
    pub shared: bool,
}

/// JSON web tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// A file with keys, as a JSON Web Key Set.
    pub keys: PathBuf,
    /// Who the token must be for.
    pub audience: String,
}

/// Changes to fields.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Fields that are taken away.
    #[serde(deserialize_with = "words::names")]
    pub remove: Vec<HeaderName>,
    /// Fields that get this value, whatever they had.
    #[serde(deserialize_with = "words::fields")]
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// The same for the body, if it's JSON.
    pub json: Option<Json>,
}

/// Changes to the fields of a JSON object. A body that is to be changed is read as a whole.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Json {
    /// Fields that are taken away.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Fields that get this value, whatever they had.
    #[serde(default)]
    pub set: BTreeMap<String, serde_json::Value>,
    /// The longest body, in bytes: 1 to 16 MiB.
    #[serde(default = "words::mebibyte")]
    pub at_most: usize,
}
