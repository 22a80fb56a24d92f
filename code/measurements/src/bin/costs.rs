//! What the small steps of an async program cost, as multiples of the cheapest.
//!
//! The steps take many short rounds in turn, and the fastest round of each counts: a busy moment of the machine makes
//! rounds longer, not shorter.

use std::fs::File;
use std::future::poll_fn;
use std::hint::black_box;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Mutex;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use measurements::Report;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{self, mpsc};
use tokio::task::yield_now;
use tokio::time::sleep;
use toml::Value;

const ROUNDS: usize = 200;
/// Steps in a round, which takes some tens of microseconds.
const STEPS: u32 = 500;
/// The same for steps that take microseconds each.
const DEAR_STEPS: u32 = 20;

fn main() -> Result<()> {
    print!("{}", report()?.to_toml()?);
    Ok(())
}

fn report() -> Result<Report> {
    let mut steps = steps()?;
    for _ in 0..ROUNDS {
        for step in &mut steps {
            step.fastest = step.fastest.min((step.round)());
        }
    }
    let fastest = steps.iter().map(|step| step.fastest);
    let cheapest = fastest.min_by(f64::total_cmp).context("steps")?;
    let cost = |step: &Step| (step.name, printed(about(step.fastest / cheapest)));
    Ok(Report {
        name: "costs",
        what: "Time of one step on one thread: a lock and unlock of a free std mutex; a box of 64 bytes, made and dropped; tokio's mutex; a message sent and received within one task; yield_now; a timer set and dropped; an empty task spawned and awaited; a message to another task and its answer; a read of one byte from /dev/zero; and between two threads: a byte through a pipe and one back; a thread started and joined. Each as a multiple of the cheapest, rounded to one digit, the fastest of 200 short rounds in turn",
        values: steps.iter().map(cost).collect(),
    })
}

/// Rounded to one digit, which is as much as a busy machine can tell.
fn about(ratio: f64) -> i64 {
    let step = 10_f64.powi(ratio.log10().floor() as i32).max(1.0);
    ((ratio / step).round() * step) as i64
}

fn printed(number: i64) -> Value {
    match number {
        1_000.. => Value::String(format!("{},{:03}", number / 1_000, number % 1_000)),
        _ => Value::Integer(number),
    }
}

struct Step {
    name: &'static str,
    /// Takes the step a few times; answers how many seconds one took.
    round: Box<dyn FnMut() -> f64>,
    fastest: f64,
}

fn step(name: &'static str, count: u32, mut take: impl FnMut(u32) -> Duration + 'static) -> Step {
    Step {
        name,
        round: Box::new(move || take(count).as_secs_f64() / f64::from(count)),
        fastest: f64::INFINITY,
    }
}

fn plain(name: &'static str, count: u32, mut take: impl FnMut() + 'static) -> Step {
    step(name, count, move |count| {
        let start = Instant::now();
        (0..count).for_each(|_| take());
        start.elapsed()
    })
}

fn on_runtime(
    name: &'static str,
    runtime: &Rc<Runtime>,
    take: impl AsyncFn(u32) -> Duration + 'static,
) -> Step {
    let runtime = Rc::clone(runtime);
    step(name, STEPS, move |count| runtime.block_on(take(count)))
}

fn steps() -> Result<Vec<Step>> {
    let runtime = Rc::new(Builder::new_current_thread().enable_time().build()?);
    let mutex = Mutex::new(0_u64);
    let mut zeros = File::open("/dev/zero")?;
    let (mut ping, mut pong) = echo()?;
    Ok(vec![
        plain("std_lock", STEPS, move || *mutex.lock().expect("free") += 1),
        plain("allocation", STEPS, || {
            drop(black_box(Box::new([0_u8; 64])))
        }),
        on_runtime("tokio_lock", &runtime, lock),
        on_runtime("message", &runtime, message),
        on_runtime("yield", &runtime, yields),
        on_runtime("timer", &runtime, timer),
        on_runtime("spawn", &runtime, spawn),
        on_runtime("ask_task", &runtime, ask_task),
        plain("syscall", STEPS, move || {
            zeros.read_exact(&mut [0]).expect("zeros")
        }),
        plain("ask_thread", DEAR_STEPS, move || {
            ping.write_all(&[1]).expect("it listens");
            pong.read_exact(&mut [0]).expect("it answers");
        }),
        plain("thread", DEAR_STEPS, || {
            thread::spawn(|| {}).join().expect("no panic")
        }),
    ])
}

async fn lock(count: u32) -> Duration {
    let mutex = sync::Mutex::new(0_u64);
    let start = Instant::now();
    for _ in 0..count {
        *mutex.lock().await += 1;
    }
    start.elapsed()
}

async fn message(count: u32) -> Duration {
    let (sender, mut receiver) = mpsc::channel(64);
    let start = Instant::now();
    for number in 0..count {
        sender.send(number).await.expect("it is open");
        receiver.recv().await.expect("one is there");
    }
    start.elapsed()
}

async fn yields(count: u32) -> Duration {
    let yielding = async move {
        let start = Instant::now();
        for _ in 0..count {
            yield_now().await;
        }
        start.elapsed()
    };
    tokio::spawn(yielding).await.expect("no panic")
}

async fn timer(count: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        let mut hour = pin!(sleep(Duration::from_secs(3600)));
        poll_fn(|context| {
            assert!(hour.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    start.elapsed()
}

async fn spawn(count: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        tokio::spawn(async {}).await.expect("no panic");
    }
    start.elapsed()
}

async fn ask_task(count: u32) -> Duration {
    let (question, mut questions) = mpsc::channel(1);
    let (answer, mut answers) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(number) = questions.recv().await {
            answer.send(number).await.expect("the asker listens");
        }
    });
    let asking = async move {
        let start = Instant::now();
        for number in 0..count {
            question.send(number).await.expect("it listens");
            answers.recv().await.expect("it answers");
        }
        start.elapsed()
    };
    tokio::spawn(asking).await.expect("no panic")
}

/// A thread that sends back each byte, for as long as the process lives.
fn echo() -> Result<(PipeWriter, PipeReader)> {
    let (mut questions, ping) = std::io::pipe()?;
    let (pong, mut answer) = std::io::pipe()?;
    thread::spawn(move || {
        let mut byte = [0];
        while questions.read_exact(&mut byte).is_ok() && answer.write_all(&byte).is_ok() {}
    });
    Ok((ping, pong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_rounded_to_its_first_digit() {
        assert_eq!([1.2, 8.7, 14.0, 1_870.0].map(about), [1, 9, 10, 2_000]);
    }
}
