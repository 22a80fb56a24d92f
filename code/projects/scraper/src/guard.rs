//! Which machines a crawler may talk to: those of the public internet.
//!
//! A page can link or redirect to `http://169.254.169.254/`, and a name can resolve to
//! `127.0.0.1`. So the check stands where the connection is made: the client connects to what
//! [`Resolver`] returns and to nothing else. A name that is checked and then resolved again could
//! have changed in between.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The host isn't on the public internet, and wasn't allowed by `--private`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} is not a public address")]
pub struct Private {
    /// As the link had it.
    pub host: String,
}

/// Resolves names, and leaves out what isn't public.
#[derive(Clone, Debug, Default)]
pub struct Resolver {
    /// Whether addresses of this machine and its network are allowed.
    pub private: bool,
    /// Names that aren't asked of DNS.
    pub known: Arc<HashMap<String, Vec<IpAddr>>>,
}

impl Resolver {
    /// A host that's written as a number never comes to the resolver, so the address is checked.
    pub fn check(&self, url: &Url) -> Result<(), Private> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::from(address),
            Some(Host::Ipv6(address)) => IpAddr::from(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        let host = address.to_string();
        (self.private || is_public(address))
            .then_some(())
            .ok_or(Private { host })
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, std::io::Error> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

// ANCHOR: resolve
impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let mut addresses = resolver.addresses(name.as_str()).await?;
            addresses.retain(|address| resolver.private || is_public(*address));
            if addresses.is_empty() {
                let host = name.as_str().to_owned();
                return Err(Private { host }.into());
            }
            let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
// ANCHOR_END: resolve

/// Whether an address is one of the public internet, by IANA's registries of special addresses.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = (a, b, c) == (192, 0, 0);
    let benchmark = a == 198 && (18..20).contains(&b);
    let reserved = a == 0 || a >= 240;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || shared
        || protocols
        || benchmark
        || reserved)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // ::ffff:127.0.0.1 and 64:ff9b::7f00:1 are IPv4 in other clothes.
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let [first, second, third, _, _, _, high, low] = address.segments();
    let embedded = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    if (first, second) == (0x64, 0xff9b) {
        return third == 0 && is_public_v4(embedded(high, low));
    }
    if first == 0x2002 {
        return is_public_v4(embedded(second, third));
    }
    // 2000::/3 is what's given out; 2001::/23 and 2001:db8::/32 in it aren't for hosts.
    first & 0xe000 == 0x2000 && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
}
