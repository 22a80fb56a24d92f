//! The process ends at each point of the code, each time it's passed; the next one finds a shop
//! that it can bring to a consistent end.

use std::collections::BTreeMap;

use orders::crash::Crash;
use orders::shop::Shop;

use crate::support::{open, settings, whole_day};

/// What became of the crashes at one point.
#[derive(Default)]
struct Row {
    crashes: u64,
    missed: u64,
}

/// A day that ends where the crash is planned. False: it came to its end before.
async fn day_until(directory: &std::path::Path, crash: &Crash) -> bool {
    let settings = settings(crash.clone());
    let opened = Shop::open(directory, &settings);
    let shop = tokio::select! {
        shop = opened => shop.expect("it opens"),
        () = crash.happened() => return true,
    };
    tokio::select! {
        _ = whole_day(&shop) => false,
        () = crash.happened() => true,
    }
}

#[tokio::test]
async fn a_crash_at_any_point_leaves_a_shop_that_ends_consistently() {
    let counted = Crash::counted();
    let directory = tempfile::tempdir().unwrap();
    assert!(!day_until(directory.path(), &counted).await);
    let seen = counted.seen();
    eprintln!("{seen:#?}");

    let mut table: BTreeMap<&str, Row> = BTreeMap::new();
    for (point, times) in seen {
        let row = table.entry(point).or_default();
        for nth in 1..=times {
            let directory = tempfile::tempdir().unwrap();
            let crashed = day_until(directory.path(), &Crash::imagined(point, nth)).await;
            row.crashes += u64::from(crashed);
            row.missed += u64::from(!crashed);

            let shop = open(directory.path()).await;
            let report = whole_day(&shop).await;
            assert_eq!(report.faults, [""; 0], "after {point}, time {nth}");
            assert_eq!(report.open, 0, "after {point}, time {nth}");
            assert_eq!(report.shipped + report.canceled, 6);
        }
    }
    for (point, row) in &table {
        eprintln!("{point}: {} {}", row.crashes, row.missed);
    }
}
