//! What can go wrong with a Redis server.

use std::time::Duration;

use task_queue::broker::redis::RedisBroker;
use task_queue::broker::{Broker, Claim, Finish, JobState, Leases};
use task_queue::error::BrokerError;
use task_queue::job::{NewJob, Start};
use task_queue::name::WorkerId;
use tokio::time;

use crate::stores::on_redis;
use crate::support::*;
use testbed::redis::Redis as Server;

/// The longest that a call takes that is not answered.
const BACK: Duration = Duration::from_secs(20);

#[tokio::test]
#[ignore = "needs redis-server"]
async fn scripts_that_the_server_forgot_are_loaded_again() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    send(&broker, job("1")).await;
    let _: () = server.command("SCRIPT FLUSH");
    assert_eq!(payloads(&broker, 1).await, ["1"]);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_without_memory_refuses_jobs_and_still_ends_them() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    send(&broker, job("1")).await;
    let lease = claim_one(&broker).await;
    let _: () = server.command("CONFIG SET maxmemory-policy noeviction");
    let _: () = server.command("CONFIG SET maxmemory 1mb");
    let error = broker.enqueue(vec![job("2")]).await.unwrap_err();
    assert!(matches!(error, BrokerError::NoRoom { .. }), "{error}");
    finish(&broker, lease.key, done()).await;
    assert_eq!(
        state(&broker, lease.key.job).await,
        Some(JobState::Completed)
    );
    let _: () = server.command("CONFIG SET maxmemory 0");
    send(&broker, job("3")).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_replica_that_takes_no_writes_is_an_outage() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    send(&broker, job("1")).await;
    let _: () = server.command("REPLICAOF 127.0.0.1 1");
    let error = broker.enqueue(vec![job("2")]).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let _: () = server.command("REPLICAOF NO ONE");
    again(|| broker.enqueue(vec![job("2")])).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn connections_that_are_cut_come_back() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    let id = send(&broker, job("1")).await;
    let _: i64 = server.command("CLIENT KILL TYPE normal");
    let view = again(|| broker.inspect(id)).await;
    assert_eq!(view.unwrap().payload, "1");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn with_an_append_only_file_a_killed_server_loses_nothing_that_was_answered() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let broker = on_redis(&server, OPTIONS).await;
    let mut ids = Vec::new();
    for number in 0..100 {
        ids.push(send(&broker, job(&number.to_string())).await);
    }
    server.kill();
    assert!(
        broker
            .enqueue(vec![job("lost")])
            .await
            .unwrap_err()
            .is_transient()
    );
    server.restart();
    for id in ids {
        let view = again(|| broker.inspect(id)).await;
        assert_eq!(view.map(|view| view.status.state), Some(JobState::Ready));
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn without_persistence_a_killed_server_forgets_and_goes_on() {
    let mut server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    let id = send(&broker, job("1")).await;
    server.kill();
    server.restart();
    assert!(again(|| broker.inspect(id)).await.is_none());
    send(&broker, job("2")).await;
    assert_eq!(payloads(&broker, 1).await, ["2"]);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_that_stands_still_is_an_outage_and_not_a_hang() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    server.stop();
    let answer = time::timeout(BACK, broker.enqueue(vec![job("1")])).await;
    server.go_on();
    let error = answer.expect("a call ends").unwrap_err();
    assert!(error.is_transient(), "{error}");
    again(|| broker.ping()).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn keys_of_somebody_else_are_reported_and_not_overwritten() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    let id = send(&broker, job("1")).await;
    let keys: Vec<String> = server.command("KEYS *ready:q");
    let [key] = keys.as_slice() else {
        panic!("{keys:?}");
    };
    let _: () = server.command(&format!("SET {key} text"));
    let error = broker.enqueue(vec![job("2")]).await.unwrap_err();
    assert!(matches!(error, BrokerError::Damaged { .. }), "{error}");
    assert_eq!(server.command::<String>(&format!("GET {key}")), "text");
    assert_eq!(state(&broker, id).await, Some(JobState::Ready));
}

/// Each round moves at most as many jobs as it may, so that others have their turn in between.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_hundred_thousand_due_jobs_are_promoted_without_holding_up_the_others() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    for _ in 0..100 {
        let later = |_| NewJob {
            start: Start::In(secs(3600)),
            ..job("")
        };
        let batch = (0..1000).map(later).collect();
        broker.enqueue(batch).await.unwrap();
    }
    broker.move_clock(3_601_000_000);
    let mut rounds = Vec::new();
    while rounds.iter().sum::<u64>() < 100_000 {
        let before = server.commands();
        let round = broker.upkeep(500).await.unwrap();
        assert!(round.promoted > 0, "{rounds:?}");
        rounds.push(round.promoted);
        // What Redis does within one call, while everybody else waits.
        let within = server.commands() - before;
        assert!(within < 500 * 4, "{within}");
    }
    assert_eq!(rounds, [500; 200]);
    let mut done = 0;
    while done < 100_000 {
        let leases = claim(&broker, 1000).await;
        assert!(!leases.is_empty(), "{done}");
        done += leases.len();
        let ends = leases.into_iter().map(|lease| Finish {
            key: lease.key,
            outcome: self::done(),
        });
        broker.finish(ends.collect()).await.unwrap();
    }
    let stats = stats(&broker, "q").await;
    assert_eq!((stats.counters.completed, stats.depth()), (100_000, 0));
}

/// What README.md asks for.
const RIGHTS: &str = "~{test}:* &{test}:bell +@read +@write +@connection +@transaction +@pubsub \
                      +evalsha +script|load +time";

/// Connects as a user with these rights.
async fn as_user(server: &Server, rights: &str) -> Result<RedisBroker, BrokerError> {
    let () = server.command("ACL SETUSER default on nopass");
    let () = server.command(&format!("ACL SETUSER limited reset on >secret {rights}"));
    let url = format!("redis://limited:secret@127.0.0.1:{}", server.port());
    RedisBroker::connect(&url, &queue("test"), OPTIONS).await
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_user_with_the_rights_of_the_readme_can_do_everything() {
    let server = Server::start_on_port(&[]);
    let broker = as_user(&server, RIGHTS).await.unwrap();
    let readme = std::fs::read_to_string("README.md").unwrap();
    let readme = readme.replace("{taskq}", "{test}");
    assert!(readme.contains(RIGHTS), "{RIGHTS}");
    let keys: Vec<String> = server.command("KEYS *rights*");
    assert!(keys.is_empty(), "{keys:?}");
    let rung = broker.signals().due;
    let later = NewJob {
        start: Start::In(secs(60)),
        ..job("1")
    };
    send(&broker, later).await;
    while *rung.borrow() < 2 {
        time::sleep(Duration::from_millis(10)).await;
    }
    broker.move_clock(60_000_000);
    broker.upkeep(10).await.unwrap();
    let lease = claim_one(&broker).await;
    broker.extend(vec![beat(lease.key)], LEASE).await.unwrap();
    finish(&broker, lease.key, dead()).await;
    broker.schedules().await.unwrap();
    let page = broker.dead_letters(queue("q"), None, 9).await.unwrap();
    assert_eq!(page.jobs.len(), 1);
    let worker = WorkerId::new("worker-1").unwrap();
    assert!(broker.held(worker).await.unwrap().is_empty());
    let which = oldest(9);
    assert_eq!(broker.requeue(which).await.unwrap(), 1);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_user_that_lacks_a_right_is_refused_at_the_start_with_what_it_lacks() {
    let server = Server::start_on_port(&[]);
    for (less, named) in [
        ("-zadd", "ZADD"),
        ("-publish", "PUBLISH"),
        ("-subscribe", "SUBSCRIBE"),
        ("-evalsha", "evalsha"),
        ("-script|load", "script|load"),
        ("-time", "TIME"),
        ("resetchannels", "PUBLISH, SUBSCRIBE"),
        ("resetkeys ~other:*", "keys"),
    ] {
        let () = server.command("SCRIPT FLUSH");
        let rights = format!("{RIGHTS} {less}");
        let error = as_user(&server, &rights).await.err();
        let error = error.unwrap_or_else(|| panic!("{less} is not missed"));
        assert!(
            matches!(error, BrokerError::Refused { .. }),
            "{less}: {error}"
        );
        let said = error.to_string().to_lowercase();
        assert!(said.contains(&named.to_lowercase()), "{less}: {error}");
        assert!(said.contains("acl setuser"), "{less}: {error}");
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn while_redis_refuses_writes_its_jobs_are_shown_all_the_same() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    let id = send(&broker, job("1")).await;
    for (on, off, code) in [
        (
            "CONFIG SET min-replicas-to-write 1",
            "CONFIG SET min-replicas-to-write 0",
            "NOREPLICAS",
        ),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "READONLY"),
        ("", "", "MISCONF"),
    ] {
        if code == "MISCONF" {
            // A snapshot cannot take the place of a folder.
            let folder = server.socket().with_file_name("dump.rdb");
            std::fs::create_dir(folder).unwrap();
            server.call(&["CONFIG", "SET", "save", "3600 1"]);
            server.call(&["BGSAVE"]);
            while server
                .command::<String>("INFO persistence")
                .contains("rdb_last_bgsave_status:ok")
            {
                time::sleep(Duration::from_millis(10)).await;
            }
        } else {
            let () = server.command(on);
        }
        let error = broker.enqueue(vec![job("2")]).await.unwrap_err();
        assert!(error.to_string().to_uppercase().contains(code), "{error}");
        let view = broker.inspect(id).await.unwrap().unwrap();
        assert_eq!(view.status.state, JobState::Ready);
        assert_eq!(state(&broker, id).await, Some(JobState::Ready));
        assert_eq!(stats(&broker, "q").await.depth(), 1);
        assert!(broker.workers().await.unwrap().is_empty());
        broker.schedules().await.unwrap();
        if !off.is_empty() {
            let () = server.command(off);
        }
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn an_upkeep_costs_the_same_with_five_thousand_empty_queues() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    let cost = async || {
        broker.upkeep(100).await.unwrap();
        let before = server.commands();
        broker.upkeep(100).await.unwrap();
        server.commands() - before
    };
    let few = cost().await;
    for first in (0..5000).step_by(500) {
        let names = (first..first + 500).map(|n| queue(&format!("q{n}")));
        let jobs = names.clone().map(|queue| NewJob { queue, ..job("") });
        broker.enqueue(jobs.collect()).await.unwrap();
        let wish = Claim {
            queues: names.collect(),
            ..wish(500)
        };
        let leases = broker.claim(wish).await.unwrap();
        let ends = leases.iter().map(|lease| Finish {
            key: lease.key,
            outcome: done(),
        });
        broker.finish(ends.collect()).await.unwrap();
    }
    assert_eq!(broker.stats().await.unwrap().queues.len(), 5000);
    let many = cost().await;
    assert!(many <= few + 2, "{many}, with none {few}");
}
