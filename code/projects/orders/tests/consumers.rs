//! Messages that come twice, late, in another order, or that can't be dealt with.

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, proptest};
use uuid::Uuid;

use crate::support::{files, open, whole_day};

#[tokio::test]
async fn a_poison_message_is_parked_the_others_go_on_and_its_replay_moves_no_place() {
    let directory = tempfile::tempdir().unwrap();
    let shop = open(&files(directory.path())).await;
    let report = whole_day(&shop).await;
    assert_eq!(report.shipped + report.canceled, 6); // that of the poison too

    let parked = shop.status().await.unwrap().parked;
    assert_eq!((parked.len(), parked[0].follower.as_str()), (1, "mail"));
    let place = shop.store.place("relay").await.unwrap();
    let refused = shop.replay("mail", parked[0].position).await.unwrap_err();
    assert_eq!(refused.to_string(), "this mail can't be sent");
    assert!(shop.replay("mail", 1).await.is_err());
    assert_eq!(shop.store.place("relay").await.unwrap(), place);
    assert_eq!(shop.status().await.unwrap().parked.len(), 1);
}

/// Ten messages, each once or twice or three times, in any order.
fn deliveries() -> impl Strategy<Value = Vec<u64>> {
    let copies = proptest::collection::vec(1..=3_usize, 10);
    let messages = copies.prop_map(|copies| {
        let all = copies.iter().zip(1_u64..);
        all.flat_map(|(copies, id)| std::iter::repeat_n(id, *copies))
            .collect::<Vec<u64>>()
    });
    messages.prop_flat_map(|messages| Just(messages).prop_shuffle())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn however_often_and_in_whatever_order_messages_come_each_is_mailed_once(order in deliveries()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut mails = runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let shop = open(&files(directory.path())).await;
            for id in order {
                shop.world.mail(id, Uuid::nil(), format!("mail {id:02}")).await.unwrap();
            }
            shop.world.books().await.unwrap().mails
        });
        mails.sort();
        let wanted: Vec<_> = (1..=10)
            .map(|id| (Uuid::nil(), format!("mail {id:02}")))
            .collect();
        prop_assert_eq!(mails, wanted);
    }
}
