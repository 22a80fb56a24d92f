//! Spellings of one page.

use proptest::prelude::*;

use web_scraper::address::{Address, LONGEST, NoAddress};

#[track_caller]
fn same(one: &str, other: &str) {
    assert_eq!(Address::parse(one), Address::parse(other));
}

#[test]
fn spellings_of_one_page_are_one_address() {
    same("http://EXAMPLE.org.", "http://example.org/");
    same("http://exampl%65.org:80/a/../b#x", "http://example.org/b");
    same(
        "http://me:secret@example.org/%7euser",
        "http://example.org/~user",
    );
    same(
        "http://example.org/?utm_source=x&b=1&gclid=2",
        "http://example.org/?b=1",
    );
    same("http://example.org/?", "http://example.org");
    same("http://example.org/%c3%a4", "http://example.org/ä");
    same("https://bücher.example/", "https://xn--bcher-kva.example/");
}

#[test]
fn other_pages_are_other_addresses() {
    let address = |text| Address::parse(text).expect("an address");
    assert_ne!(
        address("http://a.example/?b=1"),
        address("http://a.example/?b=2")
    );
    assert_ne!(address("http://a.example/A"), address("http://a.example/a"));
    assert_ne!(
        address("http://a.example/%2F"),
        address("http://a.example//")
    );
    assert_eq!(address("http://a.example:8080/").host(), "a.example:8080");
}

#[test]
fn only_the_web_is_crawled() {
    for text in [
        "file:///etc/passwd",
        "data:text/html,x",
        "mailto:a@b.example",
        "ftp://a/",
    ] {
        assert!(
            matches!(Address::parse(text), Err(NoAddress::Scheme(_))),
            "{text}"
        );
    }
    let long = format!("http://a.example/{}", "x".repeat(LONGEST));
    assert!(matches!(Address::parse(&long), Err(NoAddress::TooLong(_))));
    assert!(matches!(
        Address::parse("/shop"),
        Err(NoAddress::Malformed(_))
    ));
}

proptest! {
    #[test]
    fn a_normal_form_stays_as_it_is(path in "[a-zA-Z0-9%/.?&=~#äß-]{0,40}") {
        if let Ok(address) = Address::parse(&format!("http://a.example/{path}")) {
            prop_assert_eq!(Address::parse(address.as_str()), Ok(address));
        }
    }
}
