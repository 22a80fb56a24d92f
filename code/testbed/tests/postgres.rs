use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use testbed::postgres::Postgres;
use testbed::program::output;

#[tokio::test]
#[ignore = "needs postgresql"]
async fn tests_share_a_server_and_each_has_a_database_of_its_own() {
    let server = Postgres::shared();
    let (one, two) = (server.database().await, server.database().await);
    one.connect()
        .await
        .batch_execute("CREATE TABLE t (x int)")
        .await
        .unwrap();
    let other = two.connect().await;
    assert!(other.batch_execute("SELECT * FROM t").await.is_err());
}

#[tokio::test]
#[ignore = "needs postgresql"]
async fn it_comes_back_after_a_crash_with_what_was_committed() {
    let mut server = Postgres::start(&["max_connections=10"]);
    let database = server.database().await;
    let client = database.connect().await;
    client
        .batch_execute("CREATE TABLE t AS SELECT 7 AS x")
        .await
        .unwrap();
    server.crash();
    assert!(client.batch_execute("SELECT 1").await.is_err());
    server.restart();
    let row = database
        .connect()
        .await
        .query_one("SELECT x FROM t", &[])
        .await;
    assert_eq!(row.unwrap().get::<_, i32>(0), 7);
    let folder = server.socket_folder().to_owned();
    drop(server);
    assert!(!folder.exists());
}

/// Started by the test below: a server that nothing drops.
#[test]
#[ignore = "is killed half-way by the test below"]
fn a_server_that_is_left_behind() {
    if std::env::var_os("LEAVE_A_SERVER").is_some() {
        println!("\nfolder {}", Postgres::shared().socket_folder().display());
        std::process::abort();
    }
}

#[test]
#[ignore = "needs postgresql"]
fn a_server_ends_with_the_process_that_asked_for_it_however_that_ends() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--ignored",
            "--nocapture",
            "--exact",
            "postgres::a_server_that_is_left_behind",
        ])
        .env("LEAVE_A_SERVER", "1");
    let said = String::from_utf8(output(command).stdout).unwrap();
    let folder = said
        .lines()
        .find_map(|line| line.strip_prefix("folder "))
        .expect(&said);
    let folder = PathBuf::from(folder);
    for _ in 0..3000 {
        if !folder.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{} is still there", folder.display());
}
