//! Views that are rebuilt, that meet events they can't read, and that are asked at once.

use std::time::Duration;

use orders::audit::audit;
use orders::database::DatabaseError;
use orders::store::EventStore;

use crate::support::{a_day, during, open, placement, settle, whole_day};

#[tokio::test]
async fn a_view_that_is_rebuilt_while_it_is_read_and_written_says_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let shop = open(directory.path()).await;
    during(&shop, async {
        let rebuild = async {
            for _ in 0..5 {
                for view in ["orders", "sales", "stock", "sagas"] {
                    shop.rebuild(view).await.unwrap();
                }
            }
        };
        tokio::join!(a_day(&shop), rebuild);
        settle(&shop).await;
    })
    .await;
    assert_eq!(audit(&shop).await.unwrap().faults, [""; 0]);
}

#[tokio::test]
async fn views_that_were_deleted_come_back_from_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let shop = open(directory.path()).await;
    let before = whole_day(&shop).await;
    drop(shop);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(directory.path().join(format!("views.db{suffix}")));
    }
    let shop = open(directory.path()).await;
    assert_eq!(whole_day(&shop).await, before);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_skipped_and_named_and_stops_no_view() {
    let directory = tempfile::tempdir().unwrap();
    let shop = open(directory.path()).await;
    let insert = "INSERT INTO events (stream, version, command, part, at_ms, format, body)
                  VALUES ('order-x', 1, 'c', 0, 0, 99, '{}')";
    let write = |it: &rusqlite::Connection| {
        it.execute(insert, [])?;
        Ok::<_, DatabaseError>(())
    };
    shop.store().database().write(write).await.unwrap();
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
    let shop = open(directory.path()).await;
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
