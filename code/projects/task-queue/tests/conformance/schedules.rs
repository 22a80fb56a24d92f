//! Jobs by the calendar.

use task_queue::broker::{Broker, Leases, NewSchedule};
use task_queue::error::BrokerError;
use task_queue::invalid::Invalid;
use task_queue::name::ScheduleName;

use crate::stores::Store;
use crate::support::*;

fn every_minute(cron: &str) -> NewSchedule {
    NewSchedule {
        name: ScheduleName::new("minutely").unwrap(),
        cron: cron.to_owned(),
        job: job("tick"),
    }
}

pub async fn a_tick_is_enqueued_once_by_many_servers<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    broker
        .put_schedule(every_minute("* * * * *"))
        .await
        .unwrap();
    for _ in 0..3 {
        store.advance(secs(60));
        let mut servers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let broker = broker.clone();
            servers.spawn(async move { broker.upkeep(100).await.unwrap().scheduled });
        }
        assert_eq!(servers.join_all().await.iter().sum::<u64>(), 1);
        let lease = claim_one(&broker).await;
        assert_eq!(lease.payload, "tick");
        finish(&broker, lease.key, done()).await;
        assert!(claim(&broker, 9).await.is_empty());
    }
}

pub async fn ticks_that_were_missed_are_made_up_by_one<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    broker
        .put_schedule(every_minute("* * * * *"))
        .await
        .unwrap();
    store.advance(secs(3600));
    assert_eq!(broker.upkeep(100).await.unwrap().scheduled, 1);
    assert_eq!(broker.upkeep(100).await.unwrap().scheduled, 0);
    store.advance(secs(60));
    assert_eq!(broker.upkeep(100).await.unwrap().scheduled, 1);
}

pub async fn a_schedule_can_be_replaced_and_removed<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    broker
        .put_schedule(every_minute("* * * * *"))
        .await
        .unwrap();
    let first = broker.schedules().await.unwrap().remove(0);
    assert_eq!(first.next.0 % 60_000, 0);
    let yearly = every_minute("0 0 1 1 *");
    broker.put_schedule(yearly.clone()).await.unwrap();
    let schedules = broker.schedules().await.unwrap();
    assert_eq!(schedules.len(), 1);
    assert_eq!(schedules[0].schedule, yearly);
    assert!(schedules[0].next > first.next);
    let name = ScheduleName::new("minutely").unwrap();
    assert!(broker.remove_schedule(name.clone()).await.unwrap());
    assert!(!broker.remove_schedule(name).await.unwrap());
    store.advance(secs(3600));
    assert_eq!(broker.upkeep(100).await.unwrap().scheduled, 0);
    assert!(broker.schedules().await.unwrap().is_empty());
}

pub async fn a_cron_expression_is_checked<S: Store>() {
    let store = S::open(OPTIONS).await;
    for cron in ["", "* * *", "61 * * * *", "0 0 31 2 *", "every day"] {
        match store.broker().put_schedule(every_minute(cron)).await {
            Err(BrokerError::Invalid(Invalid {
                field: "schedule.cron",
                ..
            })) => {}
            other => panic!("{cron:?}: {other:?}"),
        }
    }
}

pub async fn a_tick_from_a_clock_that_was_ahead_is_computed_again<S: Store>() {
    const DAY: i64 = 24 * 3_600_000_000;
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    broker
        .put_schedule(every_minute("* * * * *"))
        .await
        .unwrap();
    store.move_clock(DAY);
    assert_eq!(broker.upkeep(100).await.unwrap().scheduled, 1);
    store.move_clock(-DAY);
    broker.upkeep(100).await.unwrap();
    store.advance(secs(60));
    assert_eq!(broker.upkeep(100).await.unwrap().scheduled, 1);
    // One that was added while the clock was ahead, and has had no tick.
    let name = ScheduleName::new("minutely").unwrap();
    broker.remove_schedule(name).await.unwrap();
    store.move_clock(DAY);
    let schedule = every_minute("* * * * *");
    broker.put_schedule(schedule).await.unwrap();
    store.move_clock(-DAY);
    broker.upkeep(100).await.unwrap();
    store.advance(secs(60));
    assert_eq!(broker.upkeep(100).await.unwrap().scheduled, 1);
}
