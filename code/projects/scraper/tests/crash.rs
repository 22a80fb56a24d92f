//! Real processes and `kill -9`.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::time::sleep;
use web_scraper::crawl::End;
use web_scraper::frontier::{Reader, Tally, View};

use crate::support::{Crawl, Site, html};

const PAGES: u32 = 300;
const KILLS: u32 = 20;

/// A tree of pages, each of which also links to the first.
async fn tree() -> Site {
    Site::serve(|path, _| {
        let page: u32 = path[1..].parse().unwrap_or(0);
        let children = [0, 2 * page + 1, 2 * page + 2].into_iter();
        let links = children.filter(|child| *child < PAGES);
        html(
            links
                .map(|child| format!("<a href='/{child}'>{child}</a>"))
                .collect::<String>(),
        )
    })
    .await
}

fn start(words: &[&str], dir: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_web-scraper"))
        .args(words)
        .args([
            "--private",
            "--resolve=site.test=127.0.0.1",
            "--delay=1",
            "--dir",
        ])
        .arg(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whether it ends well. One that hangs is killed after a minute, and doesn't.
async fn end(mut child: Child) -> bool {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
        if Instant::now() > patience {
            child.kill().unwrap();
        }
        sleep(Duration::from_millis(2)).await;
    }
}

fn tally(dir: &Path) -> Option<Tally> {
    let reader = Reader::open(&dir.join("frontier.db")).ok()?;
    reader.tally().now_or_never()?.ok()
}

/// How often each page was asked for.
fn visits(site: &Site) -> HashMap<String, u32> {
    let mut visits = HashMap::new();
    for path in site.paths() {
        *visits.entry(path).or_default() += 1;
    }
    visits
}

// ANCHOR: kill
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_twenty_times_it_loses_no_page_and_repeats_what_was_under_way() {
    let (site, folder) = (tree().await, tempfile::tempdir().unwrap());
    let seed = site.url("/0");
    let crawl = || start(&["crawl", &seed], folder.path());
    for kill in 0..KILLS {
        let mut process = crawl();
        sleep(Duration::from_millis(20 + u64::from(kill * 37 % 60))).await;
        process.kill().unwrap(); // SIGKILL
        end(process).await;
    }
    let before = tally(folder.path()).unwrap_or_default();
    assert!(end(crawl()).await);

    let after = tally(folder.path()).unwrap();
    assert_eq!(
        (after.done, after.queued, after.taken),
        (u64::from(PAGES), 0, 0),
        "{before:?}"
    );
    let visits = visits(&site);
    assert_eq!(visits.len(), PAGES as usize);
    // One visit at a time, so a kill costs at most one.
    let again: u32 = visits.values().map(|times| times - 1).sum();
    assert!(again <= KILLS, "{again} pages were fetched again");
}
// ANCHOR_END: kill

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_stop_it_ends_its_visits_and_resume_goes_on() {
    for signal in ["-TERM", "-INT"] {
        let (site, folder) = (tree().await, tempfile::tempdir().unwrap());
        let process = start(&["crawl", &site.url("/0")], folder.path());
        while tally(folder.path()).is_none_or(|tally| tally.done < 20) {
            sleep(Duration::from_millis(5)).await;
        }
        let told = Command::new("kill")
            .args([signal, &process.id().to_string()])
            .status();
        assert!(told.unwrap().success() && end(process).await);
        let stopped = tally(folder.path()).unwrap();
        assert!(stopped.taken == 0 && stopped.queued > 0, "{stopped:?}");
        assert!(end(start(&["resume"], folder.path())).await);
        let visits = visits(&site);
        assert_eq!(visits.len(), PAGES as usize);
        assert!(visits.values().all(|times| *times == 1));
    }
}

#[tokio::test]
async fn stopped_after_two_of_four_pages_that_link_to_each_other_each_is_fetched_once() {
    let links: String = (0..4).map(|n| format!("<a href='/{n}'>{n}</a>")).collect();
    let site = Site::serve(move |_, _| html(links.clone())).await;
    let mut crawl = Crawl::new();
    // The first turn is that of robots.txt.
    crawl.settings.pages = 3;
    assert_eq!(crawl.run(&[site.url("/0")]).await, End::Stopped);
    assert_eq!(site.paths().len(), 2);
    crawl.settings.pages = 100;
    assert_eq!(crawl.run(&[]).await, End::Complete);
    let mut paths = site.paths();
    paths.sort();
    assert_eq!(paths, ["/0", "/1", "/2", "/3"]);
}
