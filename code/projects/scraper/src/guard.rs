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
    // ANCHOR: literal
    /// A host that's written as a number never comes to the resolver, so the address is checked.
    ///
    /// # Errors
    ///
    /// [`Private`] if it's such a number and not public.
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
    // ANCHOR_END: literal

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_public_is_refused_in_any_clothes() {
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "ff02::1",
            "::127.0.0.1",
        ];
        for address in private {
            assert!(
                !is_public(address.parse().expect("an address")),
                "{address}"
            );
        }
        for address in [
            "1.1.1.1",
            "93.184.216.34",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ] {
            assert!(is_public(address.parse().expect("an address")), "{address}");
        }
    }

    #[test]
    fn numbers_in_other_spellings_are_the_same_host() {
        let resolver = Resolver::default();
        for text in [
            "http://2130706433/",
            "http://0x7f.1/",
            "http://127.1/",
            "http://[::1]/",
        ] {
            let url = Url::parse(text).expect("an address");
            assert!(resolver.check(&url).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_with_both_kinds_of_addresses_leads_to_the_public_one() {
        let both = ["127.0.0.1", "1.1.1.1"].map(|text| text.parse().expect("an address"));
        let known = HashMap::from([("both.example".to_owned(), both.to_vec())]);
        let resolver = Resolver {
            private: false,
            known: Arc::new(known),
        };
        let name = "both.example".parse().expect("a name");
        let found = resolver.resolve(name).await.expect("one is public");
        let found: Vec<_> = found.map(|address| address.ip()).collect();
        assert_eq!(found, both[1..]);
    }

    #[tokio::test]
    async fn a_name_of_this_machine_leads_nowhere() {
        let name = "localhost".parse().expect("a name");
        let Err(refused) = Resolver::default().resolve(name).await else {
            panic!("it was resolved");
        };
        assert!(refused.is::<Private>());
    }
}
