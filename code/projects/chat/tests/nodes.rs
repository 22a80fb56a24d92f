//! Two servers with one history, and what lies between them failing.

use std::path::Path;
use std::time::Duration;

use chat::client::Connection;
use chat::wire::Told;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::crash::{check, converse, until};
use crate::support::{PATIENCE, Program, count_here, join, joined, line, name, say};

/// A `redis-server` of one's own, on a socket in a folder.
struct Redis {
    folder: TempDir,
    process: Child,
}

impl Redis {
    fn start() -> Redis {
        let folder = tempfile::tempdir().unwrap();
        let process = Redis::launch(folder.path());
        Redis { folder, process }
    }

    fn launch(folder: &Path) -> Child {
        Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(folder.join("redis.sock"))
            .stdout(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server is installed")
    }

    async fn stop(&mut self) {
        self.process.kill().await.unwrap();
    }

    fn again(&mut self) {
        self.process = Redis::launch(self.folder.path());
    }

    async fn bus(&self) -> String {
        let socket = self.folder.path().join("redis.sock");
        while !socket.exists() {
            sleep(Duration::from_millis(10)).await;
        }
        format!("redis+unix://{}", socket.display())
    }
}

async fn enter(server: &Program, who: &str) -> Connection {
    let identity = chat::client::log_in(&server.url, &name(who), None)
        .await
        .unwrap();
    let mut connection = Connection::open(&server.url, &identity.token)
        .await
        .unwrap();
    connection.ask(&join("lobby", 0, 0)).await.unwrap();
    joined(&mut connection).await;
    connection
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn a_killed_server_loses_no_line_of_its_clients_who_go_to_the_other() {
    const LINES: usize = 30;
    let redis = Redis::start();
    let bus = redis.bus().await;
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("chat.db");
    let mut one = Program::start("127.0.0.1:0", &db, &["--bus", &bus]);
    let two = Program::start("127.0.0.1:0", &db, &["--bus", &bus]);
    let stop = CancellationToken::new();
    let mut clients = JoinSet::new();
    for number in 0..12 {
        let who = name(&format!("c{number}"));
        let token = chat::client::log_in(&two.url, &who, None)
            .await
            .unwrap()
            .token;
        let mut servers = vec![one.url.clone(), two.url.clone()];
        servers.rotate_left(number % 2);
        clients.spawn(converse(servers, token, stop.clone(), LINES));
    }
    until(&db, 12 * LINES / 2).await;
    one.kill();
    stop.cancel();
    let logs = clients.join_all().await;
    assert!(two.terminate());
    check(&db, &logs, LINES);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn while_redis_is_gone_rooms_work_and_afterwards_all_catch_up() {
    let mut redis = Redis::start();
    let bus = redis.bus().await;
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("chat.db");
    let one = Program::start("127.0.0.1:0", &db, &["--bus", &bus]);
    let two = Program::start("127.0.0.1:0", &db, &["--bus", &bus]);
    let (mut ann, mut ben) = (enter(&one, "ann").await, enter(&two, "ben").await);
    ann.ask(&say("lobby", "a1", "before")).await.unwrap();
    assert_eq!(line(&mut ben).await.text, "before");

    redis.stop().await;
    for id in ["a2", "a3"] {
        ann.ask(&say("lobby", id, "meanwhile")).await.unwrap();
    }
    for seq in 1..=3 {
        assert_eq!(line(&mut ann).await.seq, seq); // her own server goes on
    }
    sleep(Duration::from_secs(1)).await;
    redis.again();
    for seq in 2..=3 {
        assert_eq!(line(&mut ben).await.seq, seq);
    }
    ann.ask(&say("lobby", "a4", "after")).await.unwrap();
    assert_eq!(line(&mut ben).await.text, "after");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn people_of_a_killed_server_are_gone_when_their_leases_end() {
    let redis = Redis::start();
    let bus = redis.bus().await;
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("chat.db");
    let mut one = Program::start("127.0.0.1:0", &db, &["--bus", &bus]);
    let two = Program::start("127.0.0.1:0", &db, &["--bus", &bus]);
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
