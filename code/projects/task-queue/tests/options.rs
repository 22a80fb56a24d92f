//! Every option that takes a number, with numbers that no one would give it.

use clap::{CommandFactory, Parser};
use proptest::prelude::*;
use task_queue::broker::sqlite::{SqliteBroker, Sync};
use task_queue::broker::{Claim, Leases};
use task_queue::config::Config;
use task_queue::demo;
use task_queue::job::NewJob;
use task_queue::name::TaskName;
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
