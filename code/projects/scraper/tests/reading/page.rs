//! Pages as they come.

use web_scraper::address::Address;
use web_scraper::page::{Parsed, Raw, parse};
use web_scraper::rules::Rules;

fn read_as(content_type: Option<&str>, body: &[u8]) -> Parsed {
    let raw = Raw {
        address: Address::parse("http://a.example/shop/1").expect("an address"),
        content_type: content_type.map(str::to_owned),
        robots_tag: None,
        body: body.to_vec(),
    };
    let rules = "[[rule]]\nname = \"page\"\npages = \".\"\n[rule.fields]\nh = { select = \"h1\" }";
    parse(&raw, &Rules::parse(rules).expect("rules"))
}

fn heading(content_type: Option<&str>, body: &[u8]) -> String {
    let item = read_as(content_type, body).item.expect("it fits");
    item["h"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn links_are_absolute_each_once_and_only_of_the_web() {
    let page = "<a href='2#x'>a</a><a href='/shop/2'>b</a><a href='mailto:a@b.example'>c</a>\
                <a href='javascript:void(0)'>d</a><a href='data:text/html,x'>e</a>\
                <a href='//b.example/'>f</a><a rel='nofollow sponsored' href='/ad'>g</a>";
    let links = read_as(None, page.as_bytes()).links;
    let links: Vec<_> = links.iter().map(Address::as_str).collect();
    assert_eq!(links, ["http://a.example/shop/2", "http://b.example/"]);
}

#[test]
fn a_base_moves_all_links_and_a_canonical_link_is_read() {
    let page = "<base href='/other/'><link rel=canonical href='/shop/one'><a href='2'>a</a>";
    let parsed = read_as(None, page.as_bytes());
    assert_eq!(parsed.links[0].as_str(), "http://a.example/other/2");
    assert_eq!(
        parsed.canonical.expect("there is one").as_str(),
        "http://a.example/shop/one"
    );
}

#[test]
fn what_a_page_says_to_robots_is_heeded() {
    let page =
        |content: &str| format!("<meta name=Robots content='{content}'><a href=/x>x</a><h1>h");
    let parsed = read_as(None, page("NOINDEX, follow").as_bytes());
    assert!(parsed.noindex && parsed.item.is_none() && parsed.links.len() == 1);
    let parsed = read_as(None, page("nofollow").as_bytes());
    assert!(parsed.item.is_some() && parsed.links.is_empty());
    let parsed = read_as(None, page("none").as_bytes());
    assert!(parsed.item.is_none() && parsed.links.is_empty());
}

#[test]
fn charsets_of_header_meta_and_mark() {
    let latin = b"<h1>Gr\xfcner Tee</h1>";
    assert_eq!(
        heading(Some("text/html; charset=ISO-8859-1"), latin),
        "Grüner Tee"
    );
    let meta = [b"<meta charset=windows-1252>".as_slice(), latin].concat();
    assert_eq!(heading(Some("text/html"), &meta), "Grüner Tee");
    let utf_16: Vec<u8> = "\u{feff}<h1>茶</h1>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(heading(Some("text/html; charset=utf-8"), &utf_16), "茶");
    assert_eq!(heading(None, "<h1>茶</h1>".as_bytes()), "茶");
    assert_eq!(
        heading(Some("text/html; charset=klingon"), b"<h1>a\xff</h1>"),
        "a\u{fffd}"
    );
}

#[test]
fn an_attribute_of_a_megabyte_is_no_link() {
    let page = format!("<a href='/{}'>a</a><a href=/b>b</a>", "x".repeat(1 << 20));
    assert_eq!(read_as(None, page.as_bytes()).links.len(), 1);
}

#[test]
fn a_hundred_thousand_levels_are_not_read() {
    let page = "<div>".repeat(100_000);
    assert!(read_as(None, page.as_bytes()).too_deep);
    let flat = "<div>x</div><p>y<br>".repeat(10_000);
    assert!(!read_as(None, flat.as_bytes()).too_deep);
}
