//! Views that are rebuilt, that meet events they can't read, and that are asked at once.

use std::time::Duration;

use orders::crash::Crash;
use orders::database::{Database, sql};

use crate::support::{a_day, during, files, open, placement, settle, whole_day};

#[tokio::test]
async fn views_that_were_deleted_come_back_from_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let shop = open(&files(directory.path())).await;
    let before = whole_day(&shop).await;
    drop(shop);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(directory.path().join(format!("views.db{suffix}")));
    }
    let shop = open(&files(directory.path())).await;
    assert_eq!(whole_day(&shop).await, before);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_skipped_and_named_and_stops_no_view() {
    let directory = tempfile::tempdir().unwrap();
    let shop = open(&files(directory.path())).await;
    let insert = "INSERT INTO events VALUES (1, 'order-x', 1, 'c', 0, 0, 99, '{}')";
    let home = files(directory.path());
    let events = Database::open(&home, "events", "", [""; 2], Crash::default());
    let head = sql("UPDATE log SET head = 1", []);
    events
        .await
        .unwrap()
        .write(vec![sql(insert, []), head])
        .await
        .unwrap();
    whole_day_settles(&shop).await;
    let skipped = shop.status().await.unwrap().skipped;
    assert_eq!(skipped.len(), 4); // one for each view
    assert!(skipped.iter().all(|it| it["position"] == 1));
    assert!(
        skipped[0]["error"].to_string().contains("format 99"),
        "{skipped:?}"
    );
}

async fn whole_day_settles(shop: &orders::shop::Shop) {
    during(shop, async {
        a_day(shop).await;
        settle(shop).await;
    })
    .await;
}

#[tokio::test]
async fn a_writer_reads_its_own_write_when_it_names_its_position() {
    let directory = tempfile::tempdir().unwrap();
    let shop = open(&files(directory.path())).await;
    during(&shop, async {
        for number in 0..20 {
            let key = number.to_string();
            let (order, placed) = shop
                .place(&key, placement("ada", &[("tea", 1)]))
                .await
                .unwrap();
            let patience = Duration::from_secs(20);
            assert!(
                shop.views()
                    .reached("orders", placed.position, patience)
                    .await
            );
            assert!(shop.views().order(order).await.unwrap().is_some());
        }
    })
    .await;
    let head = *shop.store().head().borrow();
    assert!(
        !shop
            .views()
            .reached("orders", head + 1, Duration::from_millis(1))
            .await
    );
}
