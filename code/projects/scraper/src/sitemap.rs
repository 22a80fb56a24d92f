//! Sitemaps: lists of addresses, or of more sitemaps; XML or plain text, often compressed.

use std::io::Read;

use flate2::read::GzDecoder;
use roxmltree::{Document, Node};

/// Addresses of a list beyond these are left out; the protocol allows no more.
const MOST: usize = 50_000;

/// What a sitemap names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sitemap {
    /// Addresses of pages.
    pub pages: Vec<String>,
    /// Addresses of more sitemaps.
    pub sitemaps: Vec<String>,
}

/// Reads a sitemap; of one that's broken, nothing. `most` bounds what a compressed one becomes.
pub fn parse(body: &[u8], most: usize) -> Sitemap {
    let unpacked;
    let body = match body.starts_with(&[0x1f, 0x8b]) {
        true => {
            let mut plain = Vec::new();
            let limit = most.try_into().unwrap_or(u64::MAX);
            if GzDecoder::new(body)
                .take(limit)
                .read_to_end(&mut plain)
                .is_err()
            {
                return Sitemap::default();
            }
            unpacked = plain;
            &unpacked
        }
        false => body,
    };
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('<') {
        let pages = text
            .lines()
            .take(MOST)
            .map(|line| line.trim().to_owned())
            .collect();
        return Sitemap {
            pages,
            ..Sitemap::default()
        };
    }
    // Without document type declarations, entities can't grow.
    let Ok(document) = Document::parse(text) else {
        return Sitemap::default();
    };
    // In whichever namespace: many sitemaps declare a wrong one or none.
    let is_location = |node: &Node<'_, '_>| node.tag_name().name() == "loc";
    let locations = document.descendants().filter(is_location);
    let texts = locations.filter_map(|node| node.text());
    let texts = texts
        .take(MOST)
        .map(|text| text.trim().to_owned())
        .collect();
    match document.root_element().tag_name().name() {
        "sitemapindex" => Sitemap {
            sitemaps: texts,
            ..Sitemap::default()
        },
        _ => Sitemap {
            pages: texts,
            ..Sitemap::default()
        },
    }
}
