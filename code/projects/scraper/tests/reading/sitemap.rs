//! Lists of addresses.

use std::io::Write;

use web_scraper::sitemap::{Sitemap, parse};

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
