//! Servers that lie, stall, trap and attack. Each ends in a row of the frontier.

use std::io::Write;
use std::time::Duration;

use axum::body::{Body, Bytes};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use web_scraper::crawl::{End, Scope};

use crate::support::{Crawl, Site, answer, html, set};

/// Crawls a site of one page, and returns why that page failed.
async fn reason_of(site: &Site, crawl: &Crawl) -> String {
    assert_eq!(crawl.run(&[site.url("/")]).await, End::Complete);
    crawl.page(&site.url("/")).reason.unwrap_or_default()
}

/// 16 MiB of `x` by `brotli`, in 27 bytes.
const BROTLI: &[u8] = b"\xcb\xff\xff\x3f\xf8\x25\xf0\xe2\xb1\x40\x20\xf7\xfe\x8f\xff\xff\x7f\xf0\
    \x4b\x00\xc4\x61\x11\x80\xee\xfd\xdf";

#[tokio::test]
async fn a_bomb_is_cut_at_the_limit_whatever_it_is_packed_with() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::best());
    for _ in 0..16 {
        gzip.write_all(&[b'x'; 1 << 20]).unwrap();
        deflate.write_all(&[b'x'; 1 << 20]).unwrap();
    }
    let packed = [
        ("gzip", gzip.finish().unwrap()),
        ("deflate", deflate.finish().unwrap()),
        ("br", BROTLI.to_vec()),
    ];
    for (encoding, bomb) in packed {
        assert!(bomb.len() < 100_000);
        let bomb = Bytes::from(bomb);
        let headers = [
            ("content-type", "text/html"),
            ("content-encoding", encoding),
        ];
        let site = Site::serve(move |path, _| match path {
            "/robots.txt" => answer(404, &[], ""),
            _ => answer(200, &headers, bomb.clone()),
        });
        let site = site.await;
        let reason = reason_of(&site, &Crawl::new()).await;
        assert_eq!(
            reason, "the body is longer than 1048576 bytes",
            "{encoding}"
        );
    }
}

#[tokio::test]
async fn a_page_without_an_end_is_cut_at_the_limit() {
    let site = Site::serve(|path, _| match path {
        "/robots.txt" => answer(404, &[], ""),
        _ => {
            let pieces = std::iter::repeat_with(|| {
                Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 8_192]))
            });
            answer(200, &[], Body::from_stream(futures::stream::iter(pieces)))
        }
    });
    let reason = reason_of(&site.await, &Crawl::new()).await;
    assert_eq!(reason, "the body is longer than 1048576 bytes");
}

/// A server that sends a header, and then a byte now and then.
#[tokio::test]
async fn a_page_that_drips_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1_024];
                let read = socket.read(&mut request).await.unwrap_or(0);
                if request[..read].starts_with(b"GET /robots.txt") {
                    let none =
                        b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    return socket.write_all(none).await;
                }
                socket
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n")
                    .await?;
                loop {
                    socket.write_all(b".").await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        }
    });
    let mut crawl = Crawl::new();
    crawl.limits.total = Duration::from_millis(150);
    crawl.settings.backoff.attempts = 1;
    let url = format!("http://site.test:{port}/");
    assert_eq!(crawl.run(std::slice::from_ref(&url)).await, End::Complete);
    let reason = crawl.page(&url).reason.unwrap();
    assert_eq!(reason, "no whole answer within 150ms, after 1 attempts");
}

#[tokio::test]
async fn redirects_in_a_circle_end_since_each_is_a_page_that_is_known() {
    let site = Site::serve(|path, _| match path {
        "/" => answer(302, &[("location", "/a")], ""),
        "/a" => answer(302, &[("location", "/b")], ""),
        "/b" => answer(302, &[("location", "/a")], ""),
        _ => answer(404, &[], ""),
    });
    let site = site.await;
    assert_eq!(Crawl::new().run(&[site.url("/")]).await, End::Complete);
    assert_eq!(site.paths(), ["/", "/a", "/b"]);
}

#[tokio::test]
async fn redirects_without_an_end_stop_at_the_limit() {
    let site = Site::serve(|path, _| match path {
        "/robots.txt" => answer(404, &[], ""),
        _ => answer(302, &[("location", format!("{path}x").as_str())], ""),
    });
    let site = site.await;
    let crawl = Crawl::new();
    crawl.run(&[site.url("/")]).await;
    assert_eq!(site.paths().len(), 6);
    assert_eq!(
        crawl.page(&site.url("/xxxxx")).reason.as_deref(),
        Some("more than 5 redirects")
    );
}

#[tokio::test]
async fn redirects_to_other_schemes_lead_nowhere() {
    for (target, said) in [
        ("file:///etc/passwd", "file:"),
        ("data:text/html,x", "data:"),
    ] {
        let site = Site::serve(move |path, _| match path {
            "/robots.txt" => answer(404, &[], ""),
            _ => answer(302, &[("location", target)], ""),
        });
        let reason = reason_of(&site.await, &Crawl::new()).await;
        assert!(
            reason.starts_with(&format!("redirects away: {said}")),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn links_and_redirects_to_this_machine_are_refused_before_connecting() {
    let secret = Site::serve(|_, _| html("secret")).await;
    let number = format!("http://127.0.0.1:{}/", secret.port);
    let name = format!("http://localhost:{}/", secret.port);
    let metadata = "http://169.254.169.254/latest".to_owned();
    let crawl = Crawl {
        private: false,
        ..Crawl::new()
    };
    let seeds = [number.clone(), name.clone(), metadata.clone()];
    assert_eq!(crawl.run(&seeds).await, End::Complete);
    assert!(secret.log.lock().unwrap().is_empty());
    for url in seeds {
        let reason = crawl.page(&url).reason.unwrap();
        assert!(
            reason.ends_with("is not a public address"),
            "{url}: {reason}"
        );
    }
}

#[tokio::test]
async fn a_redirect_out_of_scope_is_noted_and_not_followed() {
    let site = Site::serve(|path, _| match path {
        "/robots.txt" => answer(404, &[], ""),
        _ => answer(302, &[("location", "http://169.254.169.254/")], ""),
    });
    let site = site.await;
    let mut crawl = Crawl::new();
    crawl.settings.scope = Scope::Hosts(set([format!("site.test:{}", site.port)]));
    let reason = reason_of(&site, &crawl).await;
    assert_eq!(reason, "redirects out of scope: http://169.254.169.254/");
}

#[tokio::test]
async fn links_are_relative_to_where_a_redirect_led() {
    let site = Site::serve(|path, _| match path {
        "/old/page" => answer(301, &[("location", "/new/page")], ""),
        "/new/page" => html("<a href='next'>next</a>"),
        _ => html("a page"),
    });
    let site = site.await;
    Crawl::new().run(&[site.url("/old/page")]).await;
    assert_eq!(site.paths(), ["/old/page", "/new/page", "/new/next"]);
}

#[tokio::test]
async fn nothing_of_ours_is_sent_after_a_redirect() {
    let other = Site::serve(|_, _| html("other")).await;
    let target = format!("http://other.test:{}/", other.port);
    let site = Site::serve(move |path, _| match path {
        "/robots.txt" => answer(404, &[], ""),
        _ => answer(302, &[("location", &target), ("set-cookie", "id=1")], ""),
    });
    let site = site.await;
    let mut crawl = Crawl::new();
    crawl.names.push("other.test");
    crawl
        .run(&[format!("http://me:secret@site.test:{}/", site.port)])
        .await;
    let log = other.log.lock().unwrap();
    assert_eq!(log.len(), 2);
    for seen in log.iter() {
        assert!(
            !seen.headers.contains_key("cookie") && !seen.headers.contains_key("authorization")
        );
    }
}

#[tokio::test]
async fn a_calendar_without_an_end_stops_at_the_depth_or_the_budget() {
    let site = Site::serve(|path, _| {
        let month: u32 = path.trim_start_matches('/').parse().unwrap_or(0);
        html(format!("<a href='/{}'>next</a>", month + 1))
    });
    let site = site.await;
    Crawl::new().run(&[site.url("/1")]).await;
    assert_eq!(site.paths().len(), 21, "the depth is 20");

    let mut crawl = Crawl::new();
    (crawl.settings.depth, crawl.budget.pages) = (1_000_000, 30);
    assert_eq!(crawl.run(&[site.url("/100")]).await, End::Complete);
    assert_eq!(site.paths().len(), 21 + 30);
}

#[tokio::test]
async fn sitemaps_that_point_on_for_ever_stop() {
    let site = Site::serve(|path, _| match path.strip_prefix("/map") {
        Some(level) => {
            let next = level.parse::<u32>().unwrap() + 1;
            let list = format!("<sitemap><loc>/map{next}</loc></sitemap>");
            let list = format!("<sitemapindex>{list}</sitemapindex>");
            answer(200, &[("content-type", "application/xml")], list)
        }
        None if path == "/robots.txt" => answer(200, &[], "Sitemap: /map0"),
        None => html("a page"),
    });
    let site = site.await;
    assert_eq!(Crawl::new().run(&[site.url("/")]).await, End::Complete);
    assert_eq!(
        set(site.paths()),
        set(["/", "/map0", "/map1", "/map2"].map(str::to_owned))
    );
}

#[tokio::test]
async fn a_broken_page_is_a_page() {
    let site = Site::serve(|path, _| match path {
        "/" => answer(
            200,
            &[("content-type", "text/html; charset=utf-8")],
            b"<h1>\xff\xfe<a href=/deep>x<p></h1><tabl".to_vec(),
        ),
        "/deep" => html("<div>".repeat(100_000)),
        _ => answer(404, &[], ""),
    });
    let site = site.await;
    let crawl = Crawl::new();
    crawl.run(&[site.url("/")]).await;
    assert_eq!(crawl.page(&site.url("/")).state, "done");
    assert_eq!(
        crawl.page(&site.url("/deep")).reason.as_deref(),
        Some("nested too deeply")
    );
}

#[tokio::test]
async fn a_name_that_does_not_exist_fails_after_its_attempts() {
    let crawl = Crawl::new();
    let url = "http://no-such-name.invalid/".to_owned();
    assert_eq!(crawl.run(std::slice::from_ref(&url)).await, End::Complete);
    assert!(crawl.page(&url).state != "done");
}

#[tokio::test]
async fn an_item_is_taken_from_the_original_and_not_from_its_copy() {
    let site = Site::serve(|path, _| match path {
        "/copy" => html("<link rel=canonical href=/original><h1>tea</h1>"),
        "/original" => html("<h1>tea</h1>"),
        _ => answer(404, &[], ""),
    });
    let site = site.await;
    let rules = "[[rule]]\nname = \"p\"\npages = \".\"\n[rule.fields]\nh = { select = \"h1\" }";
    let crawl = Crawl {
        rules,
        ..Crawl::new()
    };
    crawl.run(&[site.url("/copy")]).await;
    let items = crawl.items();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["url"], site.url("/original"));
}
