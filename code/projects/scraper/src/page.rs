//! Reading a page: its text, links, what it says to robots, and its item.
//!
//! All of this is computation. [`read`] does it in place if the page is small, and on another
//! thread if it would hold up the runtime.

use std::sync::{Arc, LazyLock};

use encoding_rs::{Encoding, UTF_8};
use scraper::{Html, Selector};
use serde_json::Value;

use crate::address::Address;
use crate::rules::{Missing, Rules};

/// Pages from here on go to another thread: reading them takes half a millisecond or more.
pub const LARGE: usize = 32 * 1024;
/// Links of a page beyond these are left out.
const MOST_LINKS: usize = 5_000;
/// Elements within each other. A parser's work grows with the square of it.
const DEEPEST: usize = 2_000;

/// What a page says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// Where it leads, each address once, in the order of the page.
    pub links: Vec<Address>,
    /// The address that it calls its own.
    pub canonical: Option<Address>,
    /// It asks not to be kept: no item is taken.
    pub noindex: bool,
    /// What was extracted, if a rule fits.
    pub item: Option<Value>,
    /// What the rule missed.
    pub missing: Option<Missing>,
    /// It's nested so deeply that it wasn't read.
    pub too_deep: bool,
}

/// A page as it came.
#[derive(Clone, Debug)]
pub struct Raw {
    /// Where from: links are relative to this.
    pub address: Address,
    /// The header, for the charset.
    pub content_type: Option<String>,
    /// What the header `X-Robots-Tag` says.
    pub robots_tag: Option<String>,
    /// The bytes.
    pub body: Vec<u8>,
}

/// Reads a page, without holding up the runtime.
pub async fn read(raw: Raw, rules: Arc<Rules>) -> Parsed {
    if raw.body.len() < LARGE {
        return parse(&raw, &rules);
    }
    let parsed = tokio::task::spawn_blocking(move || parse(&raw, &rules)).await;
    // A page that makes the parser panic has no links, and doesn't end the crawl.
    parsed.unwrap_or_default()
}

/// Reads a page in place.
pub fn parse(raw: &Raw, rules: &Rules) -> Parsed {
    let text = text(&raw.body, raw.content_type.as_deref());
    if is_too_deep(&text) {
        return Parsed {
            too_deep: true,
            ..Parsed::default()
        };
    }
    let page = Html::parse_document(&text);
    let base = base(&page, &raw.address);
    let tags = robots_tags(&page, raw.robots_tag.as_deref());
    let says = |word: &str| tags.iter().any(|tag| tag == word || tag == "none");
    let mut parsed = Parsed {
        noindex: says("noindex"),
        canonical: canonical(&page, &base),
        ..Parsed::default()
    };
    if !says("nofollow") {
        parsed.links = links(&page, &base);
    }
    if !parsed.noindex {
        match rules.extract(&raw.address, &page) {
            Ok(item) => parsed.item = item,
            Err(missing) => parsed.missing = Some(missing),
        }
    }
    parsed
}

/// The text in whichever charset it is: that of a byte order mark, of the header, of a `meta` in
/// the first kilobyte, or UTF-8. What can't be decoded becomes U+FFFD.
fn text(body: &[u8], content_type: Option<&str>) -> String {
    let labeled = |text: &str| {
        let at = text.to_ascii_lowercase().find("charset=")? + "charset=".len();
        let label = text.get(at..)?.trim_start_matches(['"', '\'']);
        let end = label.find(|c: char| c.is_whitespace() || "\"';/>".contains(c));
        Encoding::for_label(&label.as_bytes()[..end.unwrap_or(label.len())])
    };
    let head = String::from_utf8_lossy(&body[..body.len().min(1_024)]);
    let said = content_type.and_then(labeled).or_else(|| labeled(&head));
    // decode gives a byte order mark the last word.
    said.unwrap_or(UTF_8).decode(body).0.into_owned()
}

/// Counts tags roughly: what opens and never closes adds up.
fn is_too_deep(text: &str) -> bool {
    const VOID: [&str; 9] = ["br", "img", "input", "meta", "link", "hr", "p", "li", "td"];
    let mut depth = 0_usize;
    for tag in text.split('<').skip(1) {
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric());
        let name = &tag[..end.unwrap_or(tag.len())];
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !name.is_empty() && !VOID.contains(&name.to_ascii_lowercase().as_str()) {
            depth += 1;
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

fn base(page: &Html, address: &Address) -> Address {
    static BASE: LazyLock<Selector> = LazyLock::new(|| selector("base[href]"));
    let href = page
        .select(&BASE)
        .next()
        .and_then(|base| base.value().attr("href"));
    href.and_then(|href| address.join(href).ok())
        .unwrap_or_else(|| address.clone())
}

fn canonical(page: &Html, base: &Address) -> Option<Address> {
    static CANONICAL: LazyLock<Selector> = LazyLock::new(|| selector("link[rel=canonical][href]"));
    let link = page.select(&CANONICAL).next()?;
    base.join(link.value().attr("href")?).ok()
}

fn robots_tags(page: &Html, header: Option<&str>) -> Vec<String> {
    static ROBOTS: LazyLock<Selector> = LazyLock::new(|| selector("meta[name=robots i][content]"));
    let metas = page
        .select(&ROBOTS)
        .filter_map(|meta| meta.value().attr("content"));
    let tags = metas.chain(header).flat_map(|content| content.split(','));
    tags.map(|tag| tag.trim().to_ascii_lowercase()).collect()
}

fn links(page: &Html, base: &Address) -> Vec<Address> {
    static LINKS: LazyLock<Selector> = LazyLock::new(|| selector("a[href], area[href]"));
    let mut seen = std::collections::HashSet::new();
    let follow = page.select(&LINKS).filter(|link| {
        let rel = link.value().attr("rel").unwrap_or_default();
        !rel.split_ascii_whitespace()
            .any(|word| word.eq_ignore_ascii_case("nofollow"))
    });
    let hrefs = follow.filter_map(|link| link.value().attr("href"));
    let links = hrefs.filter_map(|href| base.join(href).ok());
    links
        .filter(|link| seen.insert(link.clone()))
        .take(MOST_LINKS)
        .collect()
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("written here, and tested")
}
