//! The commands, as a person uses them.

use std::path::Path;
use std::process::{Command, Output};

use testbed::program::refusal;

use crate::support::{Crawl, Site, answer, html};

fn program(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_web-scraper"))
        .args(words)
        .output()
        .unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_rule_is_tried_on_a_saved_page() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, page) = (
        folder.path().join("rules.toml"),
        folder.path().join("page.html"),
    );
    std::fs::write(&rules, web_scraper::demo::RULES).unwrap();
    std::fs::write(&page, "<h1>Tea</h1><p class=price>EUR 4.50").unwrap();
    let address = "--address=http://a.example/p/1";
    let output = program(&["test-rule", text(&rules), text(&page), address]);
    assert!(
        words(&output).contains("\"price\": 4.5"),
        "{}",
        words(&output)
    );
    std::fs::write(&page, "<h1>Tea</h1>").unwrap();
    let output = program(&["test-rule", text(&rules), text(&page), address]);
    assert_eq!(
        words(&output),
        "error: rule product: the page has no price\n"
    );
}

#[test]
fn a_store_that_cannot_be_opened_is_the_first_thing_that_is_said() {
    for (option, nowhere, why) in [
        ("--dir", "/dev/null/crawl", "cannot make /dev/null/crawl"),
        ("--frontier", "redis://127.0.0.1:9", "Connection refused"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_web-scraper"));
        command.args(["crawl", "http://a.example/", "--log=info", option, nowhere]);
        command.current_dir(&folder);
        let said = refusal(command);
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn numbers_out_of_range_and_https_without_tls_are_said_so() {
    for words in [
        ["--at-once", "0"],
        ["--per-host", "99999999999999999999"],
        ["--delay", "-1"],
    ] {
        let output = program(&["crawl", "http://a.example/", words[0], words[1]]);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
    }
    if !cfg!(feature = "tls") {
        let folder = tempfile::tempdir().unwrap();
        let dir = text(folder.path());
        program(&["crawl", "https://a.example/", "--dir", dir]);
        let output = program(&["explain", "https://a.example/", "--dir", dir]);
        assert!(
            words(&output).contains("--features tls"),
            "{}",
            words(&output)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_of_the_environment_is_not_used() {
    let site = Site::serve(|_, _| html("a page")).await;
    let folder = tempfile::tempdir().unwrap();
    let crawl = Command::new(env!("CARGO_BIN_EXE_web-scraper"))
        .args(["crawl", &site.url("/"), "--private", "--delay=0"])
        .args([
            "--resolve=site.test=127.0.0.1",
            "--dir",
            text(folder.path()),
        ])
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("http_proxy", "http://127.0.0.1:9")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output();
    assert!(words(&crawl.unwrap()).contains("1 pages of 1 hosts done"));
}

/// Ended, copied, opened: what a backup or a move to another machine does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crawl_the_file_alone_holds_everything() {
    let site = Site::serve(|_, _| html("a page")).await;
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let dir = text(folder.path());
    let resolve = "--resolve=site.test=127.0.0.1";
    let end = program(&["crawl", &site.url("/"), "--private", resolve, "--dir", dir]);
    assert!(
        words(&end).contains("1 pages of 1 hosts done"),
        "{}",
        words(&end)
    );
    let [file, copy] = [&folder, &elsewhere].map(|it| it.path().join("frontier.db"));
    std::fs::copy(file, copy).unwrap();
    let said = words(&program(&["status", "--dir", text(elsewhere.path())]));
    assert!(said.starts_with("1 pages of 1 hosts done"), "{said}");
}

#[tokio::test]
async fn items_become_a_table_without_formulas() {
    let site = Site::serve(|path, _| match path {
        "/" => html("<h1>=1+1</h1><i>a</i><i>b, c</i>"),
        _ => answer(404, &[], ""),
    });
    let site = site.await;
    let rules = "[[rule]]\nname = \"p\"\npages = \".\"\n[rule.fields]\n\
                 h = { select = \"h1\" }\nlist = { select = \"i\", list = true }";
    let crawl = Crawl {
        rules,
        ..Crawl::new()
    };
    crawl.run(&[site.url("/")]).await;
    let output = program(&["export", "--format=csv", "--dir", text(crawl.dir.path())]);
    let url = site.url("/");
    assert_eq!(
        words(&output),
        format!("h,list,rule,url\n'=1+1,\"a; b, c\",p,{url}\n")
    );
}

#[tokio::test]
async fn a_host_that_asks_for_an_hour_rests_and_both_questions_say_so() {
    let site = Site::serve(|path, _| match path {
        "/robots.txt" => answer(404, &[], ""),
        _ => answer(429, &[("retry-after", "3600")], ""),
    });
    let site = site.await;
    let mut crawl = Crawl::new();
    crawl.settings.pages = 2; // the first turn is robots.txt's
    crawl.run(&[site.url("/")]).await;
    let dir = text(crawl.dir.path());
    let resting = ", resting for another 3"; // 3,600 s, or what is left of them
    let said = words(&program(&["status", "--dir", dir]));
    assert!(said.contains(&format!("ms apart{resting}")), "{said}");
    let said = words(&program(&["explain", &site.url("/"), "--dir", dir]));
    assert!(said.contains(&format!(": queued{resting}")), "{said}");
    assert_eq!(crawl.page(&site.url("/")).failures, 0);
}

#[tokio::test]
async fn a_page_that_has_not_changed_is_not_sent_again() {
    let site = Site::serve(|path, _| match path {
        "/robots.txt" => answer(404, &[], ""),
        _ => answer(
            200,
            &[
                ("etag", "\"v1\""),
                ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("content-type", "text/html"),
            ],
            "<h1>tea",
        ),
    });
    let site = site.await;
    let rules = "[[rule]]\nname = \"p\"\npages = \".\"\n[rule.fields]\nh = { select = \"h1\" }";
    let crawl = Crawl {
        rules,
        ..Crawl::new()
    };
    crawl.run(&[site.url("/")]).await;
    let file = crawl.file();
    loop {
        use web_scraper::frontier::{Frontier, FrontierError, SqliteFrontier};
        match SqliteFrontier::open(&file, crawl.budget) {
            Err(FrontierError::Locked(_)) => tokio::task::yield_now().await,
            frontier => break frontier.unwrap().again().await.unwrap(),
        }
    }
    crawl.run(&[]).await;
    let log = site.log.lock().unwrap();
    let headers = &log.last().unwrap().headers;
    assert_eq!(headers["if-none-match"], "\"v1\"");
    assert_eq!(
        headers["if-modified-since"],
        "Sun, 06 Nov 1994 08:49:37 GMT"
    );
    assert_eq!(crawl.items().len(), 1);
}

/// `cargo test -p web-scraper --features tls`
#[cfg(feature = "tls")]
#[tokio::test]
async fn a_build_with_tls_asks_for_a_certificate() {
    let site = Site::serve(|_, _| html("no TLS here")).await;
    let mut crawl = Crawl::new();
    crawl.settings.backoff.attempts = 1;
    let url = format!("https://site.test:{}/", site.port);
    crawl.run(std::slice::from_ref(&url)).await;
    let reason = crawl.page(&url).reason.unwrap_or_default();
    assert!(!reason.contains("--features tls"), "{reason}");
    assert!(site.log.lock().unwrap().is_empty());
}
