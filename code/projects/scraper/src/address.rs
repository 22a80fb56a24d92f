//! A page's address in its normal form, so that two spellings of one page are one address.
//!
//! `url` does what RFC 3986 calls syntax-based normalization: case of scheme and host, dot
//! segments, default ports. On top of that: no fragment, no user, no dot after the host, no
//! parameters that only count visitors, and percent-encoding only where it's needed.

use std::fmt;

use service::percent::plain;
use url::Url;

/// Longer addresses are refused; servers rarely take them, traps grow them.
pub const LONGEST: usize = 2_048;

/// Parameters that don't change the page.
const TRACKING: [&str; 7] = [
    "fbclid", "gclid", "mc_cid", "mc_eid", "msclkid", "yclid", "_ga",
];

/// An `http` or `https` address in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Url);

/// Why a text isn't an address to crawl.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    /// Not an absolute address at all.
    #[error("{0:?} is not an absolute address")]
    Malformed(String),
    /// `file:`, `data:`, `mailto:` and so on.
    #[error("{0}: is not a scheme to crawl, only http and https are")]
    Scheme(String),
    /// See [`LONGEST`].
    #[error("an address of {0} bytes is longer than {LONGEST}")]
    TooLong(usize),
}

impl Address {
    /// Reads an absolute address.
    pub fn parse(text: &str) -> Result<Address, NoAddress> {
        normal(Url::parse(text.trim()).map_err(|_| malformed(text))?)
    }

    /// Reads a link as it stands on a page of this address.
    pub fn join(&self, link: &str) -> Result<Address, NoAddress> {
        normal(self.0.join(link.trim()).map_err(|_| malformed(link))?)
    }

    /// Whom to be polite to: the host, with its port unless that's the usual one.
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The path and the query, as robots.txt means them.
    pub fn path(&self) -> &str {
        &self.0[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// Where this host keeps its robots.txt.
    pub fn robots(&self) -> Address {
        let mut url = self.0.clone();
        url.set_path("/robots.txt");
        url.set_query(None);
        Address(url)
    }

    /// The address as a text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address as `url` knows it.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn normal(mut url: Url) -> Result<Address, NoAddress> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(NoAddress::Scheme(url.scheme().to_owned()));
    }
    if url.as_str().len() > LONGEST {
        return Err(NoAddress::TooLong(url.as_str().len()));
    }
    let host = url.host_str().ok_or_else(|| malformed(url.as_str()))?;
    if let Some(host) = host.strip_suffix('.').map(str::to_owned) {
        url.set_host(Some(&host)).map_err(|_| malformed(&host))?;
    }
    url.set_fragment(None);
    // Neither fails for a URL with a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let path = plain(url.path());
    url.set_path(&path);
    let query = url.query().map(|query| {
        let kept = query.split('&').filter(|pair| !is_tracking(pair));
        plain(&kept.collect::<Vec<_>>().join("&"))
    });
    url.set_query(query.as_deref().filter(|query| !query.is_empty()));
    Ok(Address(url))
}

fn malformed(text: &str) -> NoAddress {
    NoAddress::Malformed(text.chars().take(200).collect())
}

fn is_tracking(pair: &str) -> bool {
    let key = pair.split('=').next().unwrap_or_default();
    key.is_empty() || key.starts_with("utm_") || TRACKING.contains(&key)
}
