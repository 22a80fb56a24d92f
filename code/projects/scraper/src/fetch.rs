//! One request and its answer, within limits: no answer is longer, slower or from elsewhere than
//! it may be. Redirects aren't followed here; they're links like others.

use std::time::{Duration, SystemTime};

use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{Client, Response, redirect};
use tokio::time::{Instant, timeout};

use crate::address::Address;
use crate::frontier::Taken;
use crate::guard::{Private, Resolver};

/// What an answer may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Bytes of a body, after decompression: 100 KB can become 1 GB.
    pub body: usize,
    /// For the whole of it.
    pub total: Duration,
    /// Between two pieces.
    pub idle: Duration,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, if the status is one of success.
    pub body: Vec<u8>,
    /// Until the headers were there.
    pub latency: Duration,
}

/// Why there's no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not a machine to talk to. Don't ask again.
    #[error(transparent)]
    Private(#[from] Private),
    /// This build speaks no TLS. Don't ask again.
    #[error("https needs a build with TLS: cargo run -p web-scraper --features tls -- …")]
    NoTls,
    /// The body is longer than it may be. Don't ask again.
    #[error("the body is longer than {0} bytes")]
    Large(usize),
    /// The answer took longer than it may. May be better later.
    #[error("no whole answer within {0:?}")]
    Slow(Duration),
    /// No connection, or it broke. May be better later.
    #[error("{0}")]
    Broken(String),
}

impl FetchError {
    /// Whether it may be better later.
    pub fn is_transient(&self) -> bool {
        matches!(self, FetchError::Slow(_) | FetchError::Broken(_))
    }
}

/// A client that connects to public machines only. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client,
    resolver: Resolver,
    limits: Limits,
}

impl Fetcher {
    /// A client that says `agent` of itself.
    ///
    /// # Errors
    ///
    /// If `agent` can't be a header.
    pub fn new(agent: &str, resolver: Resolver, limits: Limits) -> reqwest::Result<Fetcher> {
        let client = Client::builder()
            .user_agent(agent)
            .redirect(redirect::Policy::none())
            // A proxy would resolve the names, and the resolver wouldn't see them.
            .no_proxy()
            .dns_resolver(resolver.clone())
            .connect_timeout(limits.idle)
            .read_timeout(limits.idle)
            .pool_max_idle_per_host(16);
        let client = tls(client).build()?;
        Ok(Fetcher {
            client,
            resolver,
            limits,
        })
    }

    /// Asks for a page, and whether it has changed since its last visit.
    ///
    /// Cancel safe: dropping it closes the connection.
    pub async fn page(&self, page: &Taken) -> Result<Answer, FetchError> {
        let mut headers = HeaderMap::new();
        let mut ask = |name: HeaderName, value: &Option<String>| {
            let value = value.as_deref().and_then(|value| value.parse().ok());
            value.map(|value| headers.insert(name, value))
        };
        ask(header::IF_NONE_MATCH, &page.etag);
        ask(header::IF_MODIFIED_SINCE, &page.modified);
        self.get(&page.found.address, headers).await
    }

    /// Asks for an address. It's an error if there's no answer within the limits.
    pub async fn get(&self, address: &Address, headers: HeaderMap) -> Result<Answer, FetchError> {
        if !cfg!(feature = "tls") && address.url().scheme() == "https" {
            return Err(FetchError::NoTls);
        }
        self.resolver.check(address.url())?;
        let whole = self.answer(address, headers);
        let total = self.limits.total;
        timeout(total, whole)
            .await
            .unwrap_or(Err(FetchError::Slow(total)))
    }

    async fn answer(&self, address: &Address, headers: HeaderMap) -> Result<Answer, FetchError> {
        let start = Instant::now();
        let request = self.client.get(address.url().clone()).headers(headers);
        let response = request.send().await.map_err(|error| self.reason(&error))?;
        let mut answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: Vec::new(),
            latency: start.elapsed(),
        };
        // What an error says of itself isn't read: it may claim to be compressed and not be.
        if response.status().is_success() && answer.is_text() {
            answer.body = self.body(response).await?;
        }
        Ok(answer)
    }

    /// Piece by piece, so that a body that's too long is noticed before it is here.
    async fn body(&self, mut response: Response) -> Result<Vec<u8>, FetchError> {
        let mut body = Vec::new();
        loop {
            let piece = response.chunk().await;
            let Some(piece) = piece.map_err(|error| self.reason(&error))? else {
                return Ok(body);
            };
            if body.len() + piece.len() > self.limits.body {
                return Err(FetchError::Large(self.limits.body));
            }
            body.extend_from_slice(&piece);
        }
    }

    fn reason(&self, error: &reqwest::Error) -> FetchError {
        if error.is_timeout() {
            return FetchError::Slow(self.limits.idle);
        }
        // The cause at the bottom is the one that helps.
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
            if let Some(private) = cause.downcast_ref::<Private>() {
                return FetchError::Private(private.clone());
            }
        }
        FetchError::Broken(cause.to_string().to_lowercase())
    }
}

impl Answer {
    /// A header as a text.
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the server asks to be left alone: with 429, or with 5xx if it says for how long.
    pub fn refuses(&self) -> bool {
        self.status == 429 || (self.status >= 500 && self.retry_after().is_some())
    }

    // ANCHOR: retry-after
    /// How long the server asks to be left alone, in seconds or until a date.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.header(header::RETRY_AFTER)?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = httpdate::parse_http_date(text).ok()?;
        Some(date.duration_since(SystemTime::now()).unwrap_or_default())
    }
    // ANCHOR_END: retry-after

    /// Pictures and films aren't read; a compressed sitemap is.
    fn is_text(&self) -> bool {
        let (kind, texts) = (self.header(header::CONTENT_TYPE), ["text/", "xml", "gzip"]);
        kind.is_none_or(|kind| texts.iter().any(|text| kind.contains(text)))
    }
}

#[cfg(not(feature = "tls"))]
fn tls(client: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    client
}

#[cfg(feature = "tls")]
fn tls(client: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    let roots = rustls::RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.tls_backend_preconfigured(config)
}
