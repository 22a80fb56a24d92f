//! Sagas that meet silence, deadlines and second thoughts.

use std::time::Duration;

use orders::audit::audit;
use orders::crash::{Crash, Point};
use orders::shop::Shop;
use orders::views::questions::SAGAS;
use orders::world::{BAD_ADDRESS, Mood};
use serde_json::json;

use crate::support::{a_day, during, files, open, placement, settings, settle};

async fn stocked(shop: &Shop) {
    shop.receive("first", "tea", 100).await.unwrap();
}

#[tokio::test]
async fn others_that_are_often_silent_are_asked_again_and_all_books_agree() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = settings(&files(directory.path()), Crash::default());
    settings.mood.silent = 0.3;
    settings.backoff.attempts = 20;
    let shop = Shop::open(&settings).await.unwrap();
    during(&shop, async {
        a_day(&shop).await;
        settle(&shop).await;
    })
    .await;
    let report = audit(&shop).await.unwrap();
    assert_eq!((report.faults, report.open), (Vec::new(), 0));
}

#[tokio::test]
async fn a_deadline_that_passed_while_the_process_was_down_is_noticed_after_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = settings(&files(directory.path()), Crash::imagined(Point::Begun, 1));
    settings.patience = Duration::from_millis(1);
    let shop = Shop::open(&settings).await.unwrap();
    stocked(&shop).await;
    let (order, _) = shop
        .place("late", placement("ada", &[("tea", 1)]))
        .await
        .unwrap();
    tokio::select! {
        _ = shop.run() => {}
        () = settings.crash.happened() => {}
    }
    drop(shop);
    tokio::time::sleep(Duration::from_millis(5)).await;

    let shop = open(&files(directory.path())).await;
    during(&shop, settle(&shop)).await;
    let row = shop.views.order(order).await.unwrap().unwrap();
    assert_eq!(
        (&row["state"], &row["reason"]),
        (&json!("canceled"), &json!("it took too long"))
    );
    assert_eq!(audit(&shop).await.unwrap().faults, [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_undone_is_stuck_and_listed_until_a_person_resumes_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut silent = settings(&files(directory.path()), Crash::default());
    silent.mood = Mood {
        silent: 1.0,
        ..Mood::default()
    };
    let shop = Shop::open(&silent).await.unwrap();
    let mut order = placement("ada", &[("tea", 1)]);
    order.address = BAD_ADDRESS.to_owned();
    let (order, _) = during(&shop, async {
        stocked(&shop).await;
        let placed = shop.place("stuck", order).await.unwrap();
        settle(&shop).await;
        placed
    })
    .await;
    let stuck = shop.views.ask(SAGAS, "stuck").await.unwrap();
    assert_eq!((stuck.len(), &stuck[0]["step"]), (1, &json!("charge")));
    assert_eq!(stuck[0]["reason"], "no answer from the bank");
    drop(shop);

    let shop = open(&files(directory.path())).await; // the bank answers again
    during(&shop, async {
        shop.resume(order).await.unwrap();
        settle(&shop).await;
    })
    .await;
    let row = shop.views.order(order).await.unwrap().unwrap();
    assert_eq!(row["state"], "canceled");
    assert!(shop.resume(order).await.is_err());
}

#[tokio::test]
async fn a_charge_that_comes_after_its_refund_takes_no_money() {
    let directory = tempfile::tempdir().unwrap();
    let shop = open(&files(directory.path())).await;
    let order = uuid::Uuid::new_v4();
    shop.world.refund(order).await.unwrap();
    assert!(shop.world.charge(order, 2_000, "good").await.is_err());
    assert!(shop.world.books().await.unwrap().charged.is_empty());
}

#[tokio::test]
async fn a_cancel_races_with_the_saga_and_one_of_them_wins() {
    let directory = tempfile::tempdir().unwrap();
    let shop = open(&files(directory.path())).await;
    during(&shop, async {
        stocked(&shop).await;
        for number in 0..20 {
            let key = format!("race {number}");
            let (order, _) = shop
                .place(&key, placement("ada", &[("tea", 1)]))
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(number)).await;
            let _ = shop.cancel(order, "second thoughts").await; // or it's too late
        }
        settle(&shop).await;
    })
    .await;
    let report = audit(&shop).await.unwrap();
    assert_eq!(
        (report.faults, report.shipped + report.canceled),
        (Vec::new(), 20)
    );
}
