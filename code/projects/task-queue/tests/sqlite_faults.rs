//! What can go wrong with a file.

use std::path::Path;

use task_queue::broker::sqlite::{SqliteBroker, Sync};
use task_queue::broker::{Broker, JobState};
use task_queue::error::BrokerError;

use crate::stores::{Sqlite, Store};
use crate::support::*;

async fn open(path: &Path) -> Result<SqliteBroker, BrokerError> {
    SqliteBroker::open(path, Sync::Full, OPTIONS).await
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let text = "Dear all, this is not a database.\n".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let error = open(&path).await.err().unwrap();
    assert!(matches!(error, BrokerError::Damaged { .. }), "{error}");
    assert!(!error.is_transient());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let error = open(Path::new("/nowhere/at/all/queue.db"))
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
}

#[tokio::test]
async fn two_brokers_on_one_file_share_its_jobs() {
    let store = Sqlite::open(OPTIONS).await;
    let (one, two) = (
        open(&store.path).await.unwrap(),
        open(&store.path).await.unwrap(),
    );
    let first = send(&one, job("1")).await;
    let second = send(&two, job("2")).await;
    let lease = claim_one(&two).await;
    assert_eq!(lease.key.job, first);
    assert_eq!(claim_one(&one).await.key.job, second);
    assert!(claim(&one, 1).await.is_empty());
    finish(&one, lease.key, done()).await;
    assert_eq!(state(&two, first).await, Some(JobState::Completed));
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    let broker = open(&path).await.unwrap();
    let id = send(&broker, job("1")).await;
    drop(broker);
    let broker = open(&path).await.unwrap();
    assert_eq!(broker.inspect(id).await.unwrap().unwrap().payload, "1");
}
