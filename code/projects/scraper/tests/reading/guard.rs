//! Where the crawler may connect.

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::dns::Resolve;
use url::Url;
use web_scraper::guard::{Private, Resolver, is_public};

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
