//! How much dearer than a free `std::sync::Mutex` it is to reach a shared number in other ways.
//!
//! Each way takes many short rounds, in turn with the others, and its fastest round counts: a busy moment of the
//! machine makes rounds longer, not shorter.

use std::future::Future;
use std::hint::{black_box, spin_loop};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use measurements::Report;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{self, mpsc, oneshot};
use toml::Value;

const ROUNDS: usize = 100;
/// Turns of a task in a round, which takes some 10 microseconds with a free `std` mutex.
const TURNS: u64 = 2_000;
/// Two tasks that start no further apart do run on two processors.
const TOGETHER: Duration = Duration::from_micros(1);
const ATTEMPTS: usize = 100;
const PASSES: usize = 100;

fn main() -> Result<()> {
    print!("{}", report()?.to_toml()?);
    Ok(())
}

fn report() -> Result<Report> {
    let runtimes = Runtimes {
        one: Builder::new_current_thread().build()?,
        two: Builder::new_multi_thread().worker_threads(2).build()?,
    };
    let mut ways = ways();
    for _ in 0..ROUNDS {
        for way in &mut ways {
            way.round(&runtimes)?;
        }
    }
    let time = |name: &str| {
        let way = ways.iter().find(|way| way.name == name);
        way.expect("one of the ways").fastest.as_secs_f64()
    };
    let ratio = |name, base| Value::Integer(about(time(name) / time(base)));
    let mut values: Vec<_> = ways[1..]
        .iter()
        .filter(|way| way.name != "atomic")
        .map(|way| (way.name, ratio(way.name, "std")))
        .collect();
    values.push(("std_per_atomic", ratio("std", "atomic")));
    Ok(Report {
        name: "lock-cost",
        what: "Time of a task that locks a number, adds one (or reads it) and unlocks, 2,000 times, by kind of lock; `_two`: the time until two tasks on two threads, which start together, are both through; `actor`: a message to a task that owns the number, and its answer. Each as a multiple of an uncontended std mutex, rounded to one digit, and `std_per_atomic` the other way round. The fastest of 100 rounds",
        values,
    })
}

/// Rounded to one digit, which is as much as a busy machine can tell.
fn about(ratio: f64) -> i64 {
    let step = 10_f64.powi(ratio.log10().floor() as i32).max(1.0);
    ((ratio / step).round() * step) as i64
}

struct Runtimes {
    one: Runtime,
    two: Runtime,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A way to reach the number, and how fast it was.
struct Way {
    name: &'static str,
    /// Makes the work of one round, for each of its one or two tasks.
    works: Box<dyn Fn() -> Vec<Work>>,
    fastest: Duration,
}

impl Way {
    fn round(&mut self, runtimes: &Runtimes) -> Result<()> {
        let time = (0..ATTEMPTS).find_map(|_| match <[Work; 1]>::try_from((self.works)()) {
            Ok([work]) => Some(runtimes.one.block_on(alone(work))),
            Err(works) => rivals(&runtimes.two, works),
        });
        let time = time.context("the tasks never started together: the machine is too busy")?;
        self.fastest = self.fastest.min(time);
        Ok(())
    }
}

async fn alone(work: Work) -> Duration {
    let start = Instant::now();
    tokio::spawn(work).await.expect("no panic");
    start.elapsed()
}

/// The time until all are through, unless they started at different times.
fn rivals(runtime: &Runtime, works: Vec<Work>) -> Option<Duration> {
    let (ball, all) = (Arc::new(AtomicUsize::new(0)), works.len());
    let rivals = works.into_iter().enumerate().map(|(me, work)| {
        let ball = Arc::clone(&ball);
        runtime.spawn(async move {
            // Passing a ball to and fro ends at a moment at which all are running.
            for round in 0..PASSES {
                while ball.load(SeqCst) != round * all + me {
                    spin_loop();
                }
                ball.fetch_add(1, SeqCst);
            }
            let start = Instant::now();
            work.await;
            (start, Instant::now())
        })
    });
    let rivals: Vec<_> = rivals.collect();
    let times = rivals.into_iter().map(|rival| runtime.block_on(rival));
    let (starts, ends): (Vec<_>, Vec<_>) = times.map(|time| time.expect("no panic")).unzip();
    let start = *starts.iter().min()?;
    let together = *starts.iter().max()? - start <= TOGETHER;
    together.then_some(*ends.iter().max()? - start)
}

fn ways() -> Vec<Way> {
    vec![
        way("std", 1, std_mutex),
        way("atomic", 1, atomic),
        way("parking_lot", 1, parking_lot_mutex),
        way("std_read", 1, std_read),
        way("tokio", 1, tokio_mutex),
        way("tokio_read", 1, tokio_read),
        way("actor", 1, actor),
        way("std_two", 2, std_mutex),
        way("atomic_two", 2, atomic),
        way("parking_lot_two", 2, parking_lot_mutex),
        way("std_read_two", 2, std_read),
        way("tokio_two", 2, tokio_mutex),
        way("tokio_read_two", 2, tokio_read),
        way("actor_two", 2, actor),
        way("shards_two", 2, own_shard),
    ]
}

fn way<L, F>(name: &'static str, tasks: usize, work: fn(Arc<L>) -> F) -> Way
where
    L: Default + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let works = move || {
        let lock = Arc::new(L::default());
        let works = (0..tasks).map(|_| Box::pin(work(Arc::clone(&lock))) as Work);
        works.collect()
    };
    Way {
        name,
        works: Box::new(works),
        fastest: Duration::MAX,
    }
}

async fn atomic(number: Arc<AtomicU64>) {
    for _ in 0..TURNS {
        number.fetch_add(1, Relaxed);
    }
}

async fn std_mutex(number: Arc<Mutex<u64>>) {
    for _ in 0..TURNS {
        *number.lock().expect("no panic") += 1;
    }
}

/// The other task has a shard of its own, and a heap cell of its own.
async fn own_shard(_: Arc<()>) {
    std_mutex(Arc::default()).await;
}

async fn parking_lot_mutex(number: Arc<parking_lot::Mutex<u64>>) {
    for _ in 0..TURNS {
        *number.lock() += 1;
    }
}

async fn std_read(number: Arc<RwLock<u64>>) {
    for _ in 0..TURNS {
        black_box(*number.read().expect("no panic"));
    }
}

async fn tokio_mutex(number: Arc<sync::Mutex<u64>>) {
    for _ in 0..TURNS {
        *number.lock().await += 1;
    }
}

async fn tokio_read(number: Arc<sync::RwLock<u64>>) {
    for _ in 0..TURNS {
        black_box(*number.read().await);
    }
}

async fn actor(questions: Arc<OnceLock<mpsc::Sender<oneshot::Sender<u64>>>>) {
    let questions = questions.get_or_init(|| {
        let (questions, inbox) = mpsc::channel(64);
        tokio::spawn(answer(inbox));
        questions
    });
    for _ in 0..TURNS {
        let (answer, answered) = oneshot::channel();
        questions.send(answer).await.expect("the actor lives");
        black_box(answered.await.expect("the actor answers"));
    }
}

async fn answer(mut inbox: mpsc::Receiver<oneshot::Sender<u64>>) {
    let mut number = 0;
    while let Some(answer) = inbox.recv().await {
        number += 1;
        answer.send(number).expect("the asker waits");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_keeps_one_digit() {
        assert_eq!([0.8, 1.4, 5.6, 14.9, 33.0].map(about), [1, 1, 6, 10, 30]);
    }
}
