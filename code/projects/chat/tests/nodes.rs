//! Two servers with one history, and what lies between them failing.

use std::time::Duration;

use chat::wire::{Refusal, Told};
use testbed::postgres::Postgres;
use testbed::proxy::{Fault, Proxy, Target};
use testbed::redis::Redis;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;
use tokio_util::sync::CancellationToken;

use crate::crash::{check, converse, until};
use crate::support::{
    PATIENCE, count_here, database, database_of, enter, file, line, name, next, program, say,
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn a_killed_server_loses_no_line_of_its_clients_who_go_to_the_other() {
    let folder = tempfile::tempdir().unwrap();
    one_of_two_is_killed(&file(&folder)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server and PostgreSQL"]
async fn with_postgres_a_killed_server_loses_no_line_of_its_clients_either() {
    one_of_two_is_killed(&database().await).await;
}

async fn one_of_two_is_killed(db: &str) {
    const LINES: usize = 30;
    let redis = Redis::start(&[]);
    let bus = redis.url();
    let mut one = program("127.0.0.1:0", db, &["--bus", &bus]);
    let mut two = program("127.0.0.1:0", db, &["--bus", &bus]);
    let stop = CancellationToken::new();
    let mut clients = JoinSet::new();
    for number in 0..12 {
        let who = name(&format!("c{number}"));
        let token = chat::client::log_in(&two.url(""), &who, None)
            .await
            .unwrap()
            .token;
        let mut servers = vec![one.url(""), two.url("")];
        servers.rotate_left(number % 2);
        clients.spawn(converse(servers, token, stop.clone(), LINES));
    }
    until(db, 12 * LINES / 2).await;
    one.kill();
    stop.cancel();
    let logs = clients.join_all().await;
    assert!(two.terminated().success());
    check(db, &logs, LINES).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn while_redis_is_gone_rooms_work_and_afterwards_all_catch_up() {
    let mut redis = Redis::start(&[]);
    let bus = redis.url();
    let folder = tempfile::tempdir().unwrap();
    let db = file(&folder);
    let one = program("127.0.0.1:0", &db, &["--bus", &bus]);
    let two = program("127.0.0.1:0", &db, &["--bus", &bus]);
    let (mut ann, mut ben) = (enter(&one, "ann").await, enter(&two, "ben").await);
    ann.ask(&say("lobby", "a1", "before")).await.unwrap();
    assert_eq!(line(&mut ben).await.text, "before");

    redis.kill();
    for id in ["a2", "a3"] {
        ann.ask(&say("lobby", id, "meanwhile")).await.unwrap();
    }
    for seq in 1..=3 {
        assert_eq!(line(&mut ann).await.seq, seq); // her own server goes on
    }
    sleep(Duration::from_secs(1)).await;
    redis.restart();
    for seq in 2..=3 {
        assert_eq!(line(&mut ben).await.seq, seq);
    }
    ann.ask(&say("lobby", "a4", "after")).await.unwrap();
    assert_eq!(line(&mut ben).await.text, "after");
}

/// As long as it takes both servers to try ten times each, which is some four seconds.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn after_a_long_time_without_redis_no_gap_is_unseen_and_nothing_comes_twice() {
    const CLIENTS: usize = 4;
    const LINES: usize = 40;
    const ATTEMPTS: usize = 20;
    let redis = Redis::start(&[]);
    let proxy = Proxy::start(Target::Unix(redis.socket())).await;
    let bus = format!("redis://{}", proxy.address());
    let folder = tempfile::tempdir().unwrap();
    let db = file(&folder);
    let one = program("127.0.0.1:0", &db, &["--bus", &bus]);
    let two = program("127.0.0.1:0", &db, &["--bus", &bus]);
    let mut watchers = [enter(&one, "ann").await, enter(&two, "ben").await];
    let before = proxy.connections("");
    proxy.harm(Fault::Close(0)); // each connection to Redis ends with its first answer
    let stop = CancellationToken::new();
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let server = [&one, &two][number % 2].url("");
        let who = name(&format!("c{number}"));
        let identity = chat::client::log_in(&server, &who, None).await.unwrap();
        clients.spawn(converse(vec![server], identity.token, stop.clone(), LINES));
    }
    while proxy.connections("") < before + ATTEMPTS {
        sleep(Duration::from_millis(10)).await;
    }
    proxy.heal();
    stop.cancel();
    let logs = clients.join_all().await;
    check(&db, &logs, LINES).await;
    for watcher in &mut watchers {
        for seq in 1..=(CLIENTS * LINES) as u64 {
            assert_eq!(line(watcher).await.seq, seq);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn people_of_a_killed_server_are_gone_when_their_leases_end() {
    let redis = Redis::start(&[]);
    let bus = redis.url();
    let folder = tempfile::tempdir().unwrap();
    let db = file(&folder);
    let mut one = program("127.0.0.1:0", &db, &["--bus", &bus]);
    let two = program("127.0.0.1:0", &db, &["--bus", &bus]);
    let mut ben = enter(&two, "ben").await;
    let _ann = enter(&one, "ann").await;
    count_here(&mut ben, 2).await;
    one.kill();
    let gone = async {
        loop {
            if let Told::Here { count: 1, .. } = ben.hear().await.unwrap() {
                break;
            }
        }
    };
    let limit = chat::room::presence::LEASE + PATIENCE;
    timeout(limit, gone).await.expect("her lease ends");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn while_postgres_holds_the_room_nothing_is_shown_and_nothing_is_lost() {
    let db = database().await;
    let server = program("127.0.0.1:0", &db, &[]);
    let (mut ann, mut ben) = (enter(&server, "ann").await, enter(&server, "ben").await);
    let (mut other, connection) = tokio_postgres::connect(&db, NoTls).await.unwrap();
    tokio::spawn(connection);
    let held = other.transaction().await.unwrap();
    held.execute("SELECT FROM rooms FOR UPDATE", &[])
        .await
        .unwrap();
    ann.ask(&say("lobby", "a1", "Tea?")).await.unwrap();
    let shown = timeout(Duration::from_millis(500), line(&mut ben)).await;
    assert!(shown.is_err(), "it is shown before it is kept");
    held.commit().await.unwrap();
    assert_eq!(line(&mut ben).await.text, "Tea?");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn while_postgres_is_gone_lines_are_refused_and_afterwards_kept() {
    let mut postgres = Postgres::start(&[]);
    let server = program("127.0.0.1:0", &database_of(&postgres).await, &[]);
    let (mut ann, mut ben) = (enter(&server, "ann").await, enter(&server, "ben").await);
    ann.ask(&say("lobby", "a1", "before")).await.unwrap();
    assert_eq!(line(&mut ben).await.text, "before");
    postgres.crash();
    ann.ask(&say("lobby", "a2", "meanwhile")).await.unwrap();
    let refused = |told| match told {
        Told::Refused { id, why, .. } => Some((id, why)),
        _ => None,
    };
    let unsaved = (Some("a2".to_owned()), Refusal::Unsaved);
    assert_eq!(next(&mut ann, refused).await, unsaved);
    postgres.restart();
    ann.ask(&say("lobby", "a2", "meanwhile")).await.unwrap();
    let line = line(&mut ben).await;
    assert_eq!((line.seq, line.text.as_str()), (2, "meanwhile"));
}
