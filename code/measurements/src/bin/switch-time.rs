//! How much longer a thread takes than a task: to start and end one, and to hand a message over and back.

use std::sync::mpsc as channel;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use measurements::{Report, at_least, median};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use toml::Value;

const ROUNDS: usize = 31;
const SPAWNS: u32 = 1_000;
const EXCHANGES: u32 = 10_000;

fn main() -> Result<()> {
    print!("{}", report()?.to_toml()?);
    Ok(())
}

fn report() -> Result<Report> {
    let runtime = Builder::new_current_thread().build()?;
    let spawn = ratio(start_threads, || start_tasks(&runtime));
    let exchange = ratio(exchange_between_threads, || {
        exchange_between_tasks(&runtime)
    });
    Ok(Report {
        name: "switch-time",
        what: "Time for 1,000 threads to start and be joined, and for 10,000 messages there and back between two threads, each divided by the time for tasks on a current_thread runtime; medians of 31 rounds",
        values: vec![
            ("spawn_ratio", Value::Integer(spawn)),
            ("exchange_ratio", Value::Integer(exchange)),
        ],
    })
}

fn ratio(threads: impl Fn(), tasks: impl Fn()) -> i64 {
    let time = |work: &dyn Fn()| -> Duration {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    let threads = median(ROUNDS, || time(&threads));
    let tasks = median(ROUNDS, || time(&tasks));
    at_least(threads.as_secs_f64() / tasks.as_secs_f64())
}

fn start_threads() {
    let threads: Vec<_> = (0..SPAWNS).map(|_| thread::spawn(|| {})).collect();
    for thread in threads {
        thread.join().expect("an empty thread does not panic");
    }
}

fn start_tasks(runtime: &Runtime) {
    runtime.block_on(async {
        let tasks: Vec<_> = (0..SPAWNS).map(|_| tokio::spawn(async {})).collect();
        for task in tasks {
            task.await.expect("an empty task does not panic");
        }
    });
}

fn exchange_between_threads() {
    let (question, questions) = channel::sync_channel(1);
    let (answer, answers) = channel::sync_channel(1);
    let echo = thread::spawn(move || {
        for number in questions {
            answer.send(number).expect("the asker listens");
        }
    });
    for number in 0..EXCHANGES {
        question.send(number).expect("the echo listens");
        assert_eq!(answers.recv(), Ok(number));
    }
    drop(question);
    echo.join().expect("the echo does not panic");
}

fn exchange_between_tasks(runtime: &Runtime) {
    runtime.block_on(async {
        let (question, mut questions) = mpsc::channel(1);
        let (answer, mut answers) = mpsc::channel(1);
        let echo = tokio::spawn(async move {
            while let Some(number) = questions.recv().await {
                answer.send(number).await.expect("the asker listens");
            }
        });
        for number in 0..EXCHANGES {
            question.send(number).await.expect("the echo listens");
            assert_eq!(answers.recv().await, Some(number));
        }
        drop(question);
        echo.await.expect("the echo does not panic");
    });
}
