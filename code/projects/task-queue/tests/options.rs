//! Options: numbers that no one would give them, and what follows from those that someone gives.

use std::path::PathBuf;

use clap::{CommandFactory, Parser};
use proptest::prelude::*;
use task_queue::broker::sqlite::{SqliteBroker, Sync};
use task_queue::broker::{Claim, Leases, StoreUrl};
use task_queue::config::Config;
use task_queue::demo;
use task_queue::job::NewJob;
use task_queue::name::{QueueName, TaskName};
use task_queue::scale::Bounds;
use task_queue::worker::Worker;
use tokio::time::Instant;

/// Each option that takes a value, but for texts that are checked as a whole.
fn options() -> Vec<String> {
    let command = Config::command();
    let options = command.get_arguments();
    let numbers = options.filter(|option| {
        option.get_value_names().is_some_and(|names| {
            names
                .iter()
                .any(|name| ["NUMBER", "BYTES", "SECONDS"].contains(&name.as_str()))
        })
    });
    numbers
        .filter_map(|option| Some(format!("--{}", option.get_long()?)))
        .collect()
}

fn numbers() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i128>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        (0u32..40).prop_map(|power| (1u128 << (3 * power)).to_string()),
        prop::sample::select(vec!["0", "0.1", "1", "3600", "86400", "NaN", "inf", "9e12"])
            .prop_map(str::to_owned),
    ]
}

/// A store, a worker's settings and a deadline can be made of it, and a job goes through.
async fn works(config: &Config) {
    let folder = tempfile::tempdir().unwrap();
    let (path, options) = (folder.path().join("queue.db"), config.store_options());
    let broker = SqliteBroker::open(&path, Sync::Normal, options)
        .await
        .unwrap();
    let settings = config.worker_settings("host");
    let _deadlines = Instant::now() + settings.drain + settings.lease;
    let queue = settings.queues[0].clone();
    let job = NewJob::new(queue, TaskName::new("t").unwrap(), "1");
    broker.enqueue(vec![job]).await.unwrap();
    let claim = Claim {
        queues: settings.queues.clone(),
        max: 1,
        worker: settings.id.clone(),
        lease: settings.lease,
    };
    Worker::new(broker.clone(), demo::registry().unwrap(), settings).unwrap();
    assert_eq!(broker.claim(claim).await.unwrap().len(), 1);
}

#[test]
fn every_option_with_a_number_is_tried() {
    assert!(options().len() >= 9, "{:?}", options());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_number_is_refused_by_the_name_of_its_option_or_can_be_worked_with(
        option in prop::sample::select(options()),
        number in numbers(),
    ) {
        match Config::try_parse_from(["task-queue".to_owned(), format!("{option}={number}")]) {
            Ok(config) => tokio::runtime::Runtime::new().unwrap().block_on(works(&config)),
            Err(error) => prop_assert!(error.to_string().contains(&option), "{error}"),
        }
    }
}

fn config(arguments: &[&str]) -> Config {
    Config::parse_from([&["task-queue"], arguments].concat())
}

#[test]
fn the_bounds_of_the_worker_follow_what_was_given() {
    let bounds = |arguments: &[&str]| config(arguments).worker_settings("h").scale.bounds;
    assert_eq!(bounds(&["--max-jobs", "1"]), Bounds { min: 1, max: 1 });
    assert_eq!(
        bounds(&["--min-jobs", "3", "--max-jobs", "5"]),
        Bounds { min: 3, max: 5 }
    );
    assert!(bounds(&["--min-jobs", "10000"]).max >= 10_000);
}

fn read(url: &str) -> Result<StoreUrl, String> {
    url.parse()
}

#[test]
fn a_url_is_a_file_or_a_server_and_shows_no_password() {
    let file = read("sqlite:a/b.db?sync=normal").unwrap();
    let (path, sync) = (PathBuf::from("a/b.db"), Sync::Normal);
    assert_eq!(file, StoreUrl::Sqlite { path, sync });
    let server = read("redis://me:secret@host/1?namespace=n").unwrap();
    assert_eq!(server.to_string(), "redis://…@host/1");
    let namespace = QueueName::new("n").unwrap();
    let url = "redis://me:secret@host/1".to_owned();
    assert_eq!(server, StoreUrl::Redis { url, namespace });
}

#[test]
fn what_is_neither_is_refused_with_the_reason() {
    for (url, reason) in [
        (
            "mysql:x",
            "no sqlite:PATH, and it begins with neither redis://",
        ),
        ("sqlite:", "\"\" is not the path of a file"),
        ("sqlite::memory:", "\":memory:\" is not the path of a file"),
        ("sqlite:file:x?mode=memory", "is not the path of a file"),
        ("sqlite:x?sync=none", "\"sync=none\" is not sync=full"),
        ("redis://h?namespace=a b", "a namespace has 1 to 64"),
        ("redis://h?namespace=-a", "as a namespace, "),
    ] {
        let error = read(url).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}
