//! Sitemaps: lists of addresses, or of more sitemaps; XML or plain text, often compressed.

use std::io::Read;

use flate2::read::GzDecoder;
use roxmltree::Document;

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
    let locations = document
        .descendants()
        .filter(|node| node.has_tag_name_anywhere("loc"));
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

trait Named {
    fn has_tag_name_anywhere(&self, name: &str) -> bool;
}

impl Named for roxmltree::Node<'_, '_> {
    /// In whichever namespace: many sitemaps declare a wrong one or none.
    fn has_tag_name_anywhere(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const MOST: usize = 1 << 20;

    #[test]
    fn lists_and_lists_of_lists() {
        let list = "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>\
                    <url><loc> http://a.example/1 </loc></url></urlset>";
        assert_eq!(parse(list.as_bytes(), MOST).pages, ["http://a.example/1"]);
        let index =
            "<sitemapindex><sitemap><loc>http://a.example/s1.xml</loc></sitemap></sitemapindex>";
        assert_eq!(
            parse(index.as_bytes(), MOST).sitemaps,
            ["http://a.example/s1.xml"]
        );
        assert_eq!(
            parse(b"\xef\xbb\xbfhttp://a.example/2\n", MOST).pages,
            ["http://a.example/2"]
        );
        assert_eq!(parse(b"<urlset><url><loc>", MOST), Sitemap::default());
    }

    #[test]
    fn a_compressed_one_is_unpacked_up_to_the_limit() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(b"http://a.example/1\n").expect("memory");
        gzip.write_all(&vec![b' '; 64 << 20]).expect("memory");
        let bomb = gzip.finish().expect("memory");
        assert!(bomb.len() < 100_000);
        assert_eq!(parse(&bomb, MOST).pages[0], "http://a.example/1");
    }
}
