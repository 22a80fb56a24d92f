//! The whole shop: views, outbox, inbox, idempotency keys, sagas.

use orders::audit::audit;
use orders::command::Aggregate;
use orders::crash::Crash;
use orders::database::{Database, Home, sql};
use orders::event::Event;
use orders::order::Order;
use orders::store::Append;
use uuid::Uuid;

use crate::support::{a_day, during, open, placement, settle, whole_day};

pub async fn a_day_ends_with_books_that_agree(home: Home) {
    let report = whole_day(&open(&home).await).await;
    assert_eq!((report.faults, report.open), (Vec::new(), 0));
    assert_eq!(report.shipped + report.canceled, 6);
}

pub async fn an_order_that_is_sent_again_changes_nothing(home: Home) {
    let shop = open(&home).await;
    let first = whole_day(&shop).await;
    let mails = shop.world.books().await.unwrap().mails;
    assert_eq!(whole_day(&shop).await, first);
    assert_eq!(shop.world.books().await.unwrap().mails, mails);

    let other = placement("ada", &[("pot", 9)]);
    assert!(shop.place("ada", other).await.is_err()); // the key stands for another order
}

pub async fn a_view_that_is_rebuilt_while_it_is_read_and_written_says_the_same(home: Home) {
    let shop = open(&home).await;
    during(&shop, async {
        let rebuild = async {
            for _ in 0..3 {
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

/// The table of the orders has a row for an order, and an order is placed twice.
pub async fn an_event_that_breaks_a_table_is_skipped_and_named(home: Home) {
    let shop = open(&home).await;
    let placed = Event::Placed(placement("ada", &[("tea", 1)]));
    let append = Append {
        stream: Order::stream(Uuid::nil()),
        expected: 0,
        command: Uuid::new_v4(),
        events: vec![placed.clone(), placed],
    };
    shop.store.append(append).await.unwrap();
    during(&shop, settle(&shop)).await;
    let skipped = shop.status().await.unwrap().skipped;
    let views: Vec<_> = skipped
        .iter()
        .map(|it| it["view"].as_str().unwrap())
        .collect();
    assert!(skipped.iter().all(|it| it["position"] == 2), "{skipped:?}");
    assert!(
        views.contains(&"orders") && views.contains(&"sales"),
        "{views:?}"
    );
    assert!(shop.views.order(Uuid::nil()).await.unwrap().is_some());
}

pub async fn messages_that_come_twice_are_mailed_once(home: Home) {
    let shop = open(&home).await;
    for id in [3, 1, 3, 2, 1] {
        let mail = shop.world.mail(id, Uuid::nil(), format!("mail {id}"));
        mail.await.unwrap();
    }
    assert_eq!(shop.world.books().await.unwrap().mails.len(), 3);
}

pub async fn a_relay_that_begins_again_from_zero_sends_no_second_mail(home: Home) {
    let shop = open(&home).await;
    whole_day(&shop).await;
    let mails = shop.world.books().await.unwrap().mails;
    let events = Database::open(&home, "events", "", [None; 2], Crash::default());
    let forget = sql("DELETE FROM places WHERE follower = 'relay'", ());
    events.await.unwrap().write(vec![forget]).await.unwrap();
    during(&shop, settle(&shop)).await;
    assert_eq!(shop.world.books().await.unwrap().mails, mails);
}

pub async fn a_day_after_a_restart_says_the_same(home: Home) {
    let before = whole_day(&open(&home).await).await;
    assert_eq!(whole_day(&open(&home).await).await, before);
}
