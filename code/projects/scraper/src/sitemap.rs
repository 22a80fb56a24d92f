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
    let mut plain = Vec::new();
    let body = if body.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = GzDecoder::new(body).take(most as u64);
        match unpacked.read_to_end(&mut plain) {
            Ok(_) => &plain,
            Err(_) => return Sitemap::default(),
        }
    } else {
        body
    };
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let list = |lines: &mut dyn Iterator<Item = &str>| {
        let lines = lines.take(MOST).map(|line| line.trim().to_owned());
        lines.collect::<Vec<_>>()
    };
    let mut sitemap = Sitemap::default();
    if !text.starts_with('<') {
        sitemap.pages = list(&mut text.lines());
    // Without document type declarations, entities can't grow.
    } else if let Ok(document) = Document::parse(text) {
        // In whichever namespace: many sitemaps declare a wrong one or none.
        let is_location = |node: &Node<'_, '_>| node.tag_name().name() == "loc";
        let locations = document.descendants().filter(is_location);
        let found = list(&mut locations.filter_map(|node| node.text()));
        match document.root_element().tag_name().name() {
            "sitemapindex" => sitemap.sitemaps = found,
            _ => sitemap.pages = found,
        }
    }
    sitemap
}
