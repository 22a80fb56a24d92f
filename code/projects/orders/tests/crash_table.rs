//! The process ends at each point of the code, each time it's passed; the next one finds a shop
//! that it can bring to a consistent end. `BLESS=1` writes what came out into README.md.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use clap::ValueEnum;
use futures::{StreamExt, stream};
use orders::command::Aggregate;
use orders::crash::{Crash, Point};
use orders::order::Order;
use orders::shop::Shop;
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;

use crate::aborts::ABORTED;
use crate::support::{Answered, files, open, settings, whole_day, whole_day_with};

/// Crashes that are played at once: they mostly wait for their files.
const AT_ONCE: usize = 4;

const OPEN: &str = "<!-- written by the test crash_table -->\n";
const CLOSE: &str = "<!-- end of the crash table -->";

/// A day that ends where the crash is planned. False: it came to its end before.
async fn day_until(directory: &Path, crash: &Crash, answered: &Answered) -> bool {
    let settings = settings(&files(directory), crash.clone());
    let opened = Shop::open(&settings);
    let shop = tokio::select! {
        shop = opened => shop.expect("it opens"),
        () = crash.happened() => return true,
    };
    tokio::select! {
        _ = whole_day_with(&shop, answered) => false,
        () = crash.happened() => true,
    }
}

/// Each crash has a runtime of its own, which takes all its tasks with it, and their files.
async fn crash_and_go_on(case: (Point, u64)) -> (Point, bool) {
    let played = move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("it starts").block_on(play(case))
    };
    spawn_blocking(played).await.expect("it plays")
}

/// A crash, and the day after. False: the point wasn't passed so often this time.
async fn play((point, nth): (Point, u64)) -> (Point, bool) {
    let directory = tempfile::tempdir().unwrap();
    let (crash, answered) = (Crash::imagined(point, nth), Answered::default());
    let crashed = day_until(directory.path(), &crash, &answered).await;
    let shop = open(&files(directory.path())).await;
    for order in answered.into_inner().unwrap() {
        let stream = shop.store.stream(&Order::stream(order), 0).await.unwrap();
        assert!(
            !stream.is_empty(),
            "an answer was lost after {point}, time {nth}"
        );
    }
    let report = whole_day(&shop).await;
    assert_eq!(report.faults, [""; 0], "after {point}, time {nth}");
    assert_eq!(report.open, 0, "after {point}, time {nth}");
    assert_eq!(
        report.shipped + report.canceled,
        6,
        "after {point}, time {nth}"
    );
    (point, crashed)
}

#[tokio::test]
async fn a_crash_at_any_point_leaves_a_shop_that_ends_consistently() {
    let counted = Crash::counted();
    let directory = tempfile::tempdir().unwrap();
    assert!(!day_until(directory.path(), &counted, &Answered::default()).await);
    let seen = counted.seen();
    let passed: Vec<Point> = seen.keys().copied().collect();

    let all = seen
        .into_iter()
        .flat_map(|(point, times)| (1..=times).map(move |nth| (point, nth)));
    let mut runs = stream::iter(all)
        .map(crash_and_go_on)
        .buffer_unordered(AT_ONCE);
    let mut crashes: BTreeMap<Point, u64> = BTreeMap::new();
    while let Some((point, crashed)) = runs.next().await {
        *crashes.entry(point).or_default() += u64::from(crashed);
    }
    assert!(crashes.values().all(|count| *count > 0), "{crashes:?}");
    assert_eq!(
        passed,
        Point::value_variants(),
        "a point that nothing passes"
    );
    compare_with_readme(&crashes);
}

/// The README names each point; the numbers are those of the run that wrote it.
fn compare_with_readme(crashes: &BTreeMap<Point, u64>) {
    let path = Path::new("README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme
        .split_once(OPEN)
        .expect("the README has a crash table");
    let (table, after) = rest.split_once(CLOSE).expect("the table has an end");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(
            path,
            format!("{before}{OPEN}{}{CLOSE}{after}", render(crashes)),
        )
        .unwrap();
        return;
    }
    let rows = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let named = rows.skip(2).filter(|name| !name.starts_with("all"));
    let points = crashes.keys().map(Point::to_string);
    assert!(named.eq(points), "BLESS=1 writes the table");
}

fn render(crashes: &BTreeMap<Point, u64>) -> String {
    let mut text = "| The process ends at | in thought | by `abort` | ends consistently |\n| --- | --- | --- | --- |\n".to_owned();
    for (point, count) in crashes {
        let count = match count {
            1 => "once".to_owned(),
            more => format!("{more} times"),
        };
        let aborted = if ABORTED.contains(point) {
            "once"
        } else {
            "–"
        };
        writeln!(text, "| {point} | {count} | {aborted} | all |").expect("a string takes it");
    }
    let all: u64 = crashes.values().sum();
    writeln!(
        text,
        "| all points | {all} times | {} times | all |",
        ABORTED.len()
    )
    .expect("a string takes it");
    text
}
