//! One suite for both buses, within the process and on Redis streams.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use orders::audit::audit;
use orders::bus::streams::WAITING;
use orders::bus::{Bus, BusError, Consumer, Lanes, Message, Streams};
use orders::consumers::CONSUMERS;
use orders::crash::Crash;
use orders::event::Event;
use orders::parked::Parked;
use orders::shop::Shop;
use patterns::retry::Backoff;
use tempfile::TempDir;
use testbed::proxy::{Fault, Proxy, Target};
use testbed::redis::Redis;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::{a_day, during, files, open, placement, settings, settle};

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(2),
    attempts: 3,
};

/// A bus with one consumer, which may be held up, and what it has got.
struct Rig {
    bus: Bus,
    got: Arc<Mutex<Vec<Message>>>,
    /// How many messages the consumer may still deal with.
    permits: Arc<Semaphore>,
    number: watch::Receiver<usize>,
    parked: Parked,
    streams: Option<(Streams, Lanes)>,
    reader: Option<JoinHandle<()>>,
    _files: TempDir,
}

impl Rig {
    async fn new(redis: Option<&Redis>) -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let parked = Parked::open(&files(folder.path()), Crash::default())
            .await
            .unwrap();
        let (got, permits) = (
            Arc::<Mutex<Vec<Message>>>::default(),
            Arc::new(Semaphore::new(1 << 20)),
        );
        let (counter, number) = watch::channel(0);
        let handler = {
            let (got, permits) = (Arc::clone(&got), Arc::clone(&permits));
            Arc::new(move |message: Message| {
                let (got, permits, counter) =
                    (Arc::clone(&got), Arc::clone(&permits), counter.clone());
                let deal = async move {
                    permits.acquire().await.expect("it isn't closed").forget();
                    if matches!(&message.event, Event::Canceled { reason } if reason == "poison") {
                        return Err("it's poison".to_owned());
                    }
                    let number = {
                        let mut got = got.lock().unwrap();
                        got.push(message);
                        got.len()
                    };
                    counter.send_replace(number);
                    Ok(())
                };
                deal.boxed()
            })
        };
        let name = CONSUMERS[1];
        let lanes = Lanes {
            consumers: vec![Consumer { name, handler }],
            backoff: BACKOFF,
            parked: parked.clone(),
        };
        let streams = redis.map(|redis| Streams::new(&redis.url(), &CONSUMERS[1..]).unwrap());
        Rig {
            bus: streams
                .clone()
                .map_or(Bus::Within(lanes.clone()), Bus::Streams),
            streams: streams.map(|streams| (streams, lanes)),
            reader: None,
            got,
            permits,
            number,
            parked,
            _files: folder,
        }
    }

    /// Starts the one who reads, if the bus has one.
    fn read(&mut self) {
        if let Some((streams, lanes)) = self.streams.clone() {
            let read = async move { streams.consume(CONSUMERS[1], &lanes).await };
            self.reader = Some(tokio::spawn(read));
        }
    }

    fn stop_reading(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.abort();
        }
    }

    async fn until(&mut self, number: usize) {
        self.number.wait_for(|it| *it >= number).await.unwrap();
    }
}

fn message(id: u64, order: u128, reason: &str) -> Message {
    let event = Event::Canceled {
        reason: reason.to_owned(),
    };
    Message {
        id,
        order: Uuid::from_u128(order),
        event,
    }
}

/// Publishes, and again if the bus wasn't there.
async fn publish(bus: &Bus, messages: Vec<Message>) {
    while let Err(error) = bus.publish(messages.clone()).await {
        assert!(matches!(error, BusError::Down(_)), "{error}");
        tokio::task::yield_now().await;
    }
}

macro_rules! on_both {
    ($($scenario:ident),+) => {
        mod within {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(None).await;
            })+
        }

        mod redis {
            $(#[tokio::test]
            #[ignore = "needs redis-server"]
            async fn $scenario() {
                super::$scenario(Some(&testbed::redis::Redis::start(&[]))).await;
            })+
        }
    };
}

on_both! {
    every_message_comes_and_those_of_an_order_in_order,
    a_poison_message_is_parked_and_the_others_go_on,
    what_is_published_twice_loses_nothing,
    a_day_ends_with_books_that_agree,
    a_day_on_a_bus_that_fails_at_first_ends_with_books_that_agree
}

async fn every_message_comes_and_those_of_an_order_in_order(redis: Option<&Redis>) {
    let mut rig = Rig::new(redis).await;
    rig.read();
    for batch in 0..5 {
        let ids = batch * 40 + 1..=batch * 40 + 40;
        publish(
            &rig.bus,
            ids.map(|id| message(id, u128::from(id % 7), "no"))
                .collect(),
        )
        .await;
    }
    rig.until(200).await;
    let mut orders: BTreeMap<Uuid, Vec<u64>> = BTreeMap::new();
    for message in rig.got.lock().unwrap().iter() {
        orders.entry(message.order).or_default().push(message.id);
    }
    assert_eq!(orders.len(), 7);
    assert!(orders.values().all(|ids| ids.is_sorted()), "{orders:?}");
    assert_eq!(orders.values().map(Vec::len).sum::<usize>(), 200);
}

async fn a_poison_message_is_parked_and_the_others_go_on(redis: Option<&Redis>) {
    let mut rig = Rig::new(redis).await;
    rig.read();
    let messages = vec![
        message(1, 1, "no"),
        message(2, 1, "poison"),
        message(3, 1, "no"),
    ];
    publish(&rig.bus, messages).await;
    rig.until(2).await;
    let parked = rig.parked.list().await.unwrap();
    assert_eq!((parked.len(), parked[0].position), (1, 2));
    assert_eq!(parked[0].error, "it's poison");
}

/// A relay that ended before it moved its place.
async fn what_is_published_twice_loses_nothing(redis: Option<&Redis>) {
    let mut rig = Rig::new(redis).await;
    rig.read();
    for to in [3, 5] {
        publish(&rig.bus, (1..=to).map(|id| message(id, 1, "no")).collect()).await;
    }
    rig.until(5).await;
    let mut ids: Vec<u64> = rig.got.lock().unwrap().iter().map(|it| it.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
}

async fn shop(redis: Option<&Redis>, crash: Crash) -> (Shop, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&files(folder.path()), crash);
    settings.bus = redis.map(|redis| Streams::new(&redis.url(), &CONSUMERS).unwrap());
    (Shop::open(&settings).await.unwrap(), folder)
}

async fn assert_good(shop: &Shop, orders: usize) {
    let report = audit(shop).await.unwrap();
    let ended = report.shipped + report.canceled;
    assert_eq!((report.faults, ended), (Vec::new(), orders));
}

async fn a_day_ends_with_books_that_agree(redis: Option<&Redis>) {
    let (shop, _folder) = shop(redis, Crash::default()).await;
    during(&shop, async {
        a_day(&shop).await;
        settle(&shop).await;
    })
    .await;
    assert_good(&shop, 6).await;
}

async fn a_day_on_a_bus_that_fails_at_first_ends_with_books_that_agree(redis: Option<&Redis>) {
    let crash = Crash::counted();
    let (shop, _folder) = shop(redis, crash.clone()).await;
    crash.take_down(Some("bus"));
    during(&shop, async {
        a_day(&shop).await; // commands are taken all the same
        assert!(shop.world.books().await.unwrap().mails.is_empty());
        crash.take_down(None);
        settle(&shop).await;
    })
    .await;
    assert_good(&shop, 6).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_was_handed_out_and_not_dealt_with_comes_again() {
    let redis = Redis::start(&[]);
    let mut rig = Rig::new(Some(&redis)).await;
    rig.permits.forget_permits(1 << 20);
    rig.permits.add_permits(2);
    publish(&rig.bus, (1..=5).map(|id| message(id, 1, "no")).collect()).await;
    rig.read();
    rig.until(2).await;
    rig.stop_reading(); // in the middle of the batch
    rig.permits.add_permits(1 << 20);
    rig.read();
    rig.until(7).await; // the whole batch comes again, since none was acknowledged
    let ids: Vec<u64> = rig.got.lock().unwrap().iter().map(|it| it.id).collect();
    assert_eq!(ids, [1, 2, 1, 2, 3, 4, 5]);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_relay_that_was_taken_for_dead_puts_nothing_behind_what_is_newer() {
    let redis = Redis::start(&[]);
    let streams = Bus::Streams(Streams::new(&redis.url(), &CONSUMERS).unwrap());
    streams
        .publish((4..=6).map(|id| message(id, 1, "no")).collect())
        .await
        .unwrap();
    streams
        .publish((2..=5).map(|id| message(id, 1, "no")).collect())
        .await
        .unwrap();
    assert_eq!(redis.command::<u64>("XLEN orders"), 3);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_relay_waits_for_a_consumer_that_is_slower_and_nothing_is_cut_off() {
    let redis = Redis::start(&[]);
    let mut rig = Rig::new(Some(&redis)).await;
    let mut sent = 0;
    let behind = loop {
        let batch = (sent + 1..=sent + 500)
            .map(|id| message(id, u128::from(id), "no"))
            .collect();
        match rig.bus.publish(batch).await {
            Ok(()) => sent += 500,
            Err(error) => break error,
        }
    };
    assert_eq!(behind.to_string(), "the bus: its consumers are behind");
    assert!(sent > WAITING && sent <= WAITING + 500, "{sent}");
    rig.read();
    rig.until(usize::try_from(sent).unwrap()).await;
    publish(&rig.bus, vec![message(sent + 1, 1, "no")]).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_redis_that_is_killed_and_comes_back_costs_time_and_no_message() {
    let mut redis = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let (shop, _folder) = shop(Some(&redis), Crash::default()).await;
    during(&shop, async {
        shop.receive("first", "pot", 10).await.unwrap();
        shop.place("before", placement("ada", &[("pot", 1)]))
            .await
            .unwrap();
        redis.kill();
        a_day(&shop).await; // commands are taken, and views go on
        let last = *shop.store.head().borrow();
        assert!(
            shop.views
                .reached("orders", last, Duration::from_secs(60))
                .await
        );
        redis.restart();
        settle(&shop).await;
    })
    .await;
    assert_good(&shop, 7).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn an_answer_that_is_lost_on_its_way_sends_no_second_message() {
    let redis = Redis::start(&[]);
    let proxy = Proxy::start(Target::Unix(redis.socket())).await;
    let url = format!("redis://{}", proxy.address());
    let bus = Bus::Streams(Streams::new(&url, &CONSUMERS).unwrap());
    proxy.harm_next("XADD", Fault::Close(0));
    let messages: Vec<_> = (1..=3).map(|id| message(id, 1, "no")).collect();
    publish(&bus, messages).await;
    assert!(proxy.has_harmed());
    assert_eq!(redis.command::<u64>("XLEN orders"), 3);
}

#[tokio::test]
async fn orders_go_on_when_the_bus_within_is_dropped_and_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let home = files(folder.path());
    let shop = open(&home).await;
    during(&shop, a_day(&shop)).await; // and it ends at once, with messages in the lanes
    during(&shop, settle(&shop)).await;
    assert_good(&shop, 6).await;
}
