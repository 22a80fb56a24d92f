//! What it costs to hand blocking work to other threads, and what it costs not to.

use std::sync::mpsc as channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use measurements::{Report, at_least};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{spawn_blocking, yield_now};
use toml::Value;

const ROUNDS: usize = 31;
const CALLS: u32 = 200;
const BLOCKED: Duration = Duration::from_millis(20);
/// The default of `max_blocking_threads`.
const POOL: usize = 512;

fn main() -> Result<()> {
    print!("{}", report()?.to_toml()?);
    Ok(())
}

fn report() -> Result<Report> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let task = fastest(|| runtime.block_on(call_tasks()));
    let cost = |time: Duration| at_least(time.as_secs_f64() / task.as_secs_f64());
    let pool = cost(fastest(|| runtime.block_on(call_pool())));
    let own = cost(fastest(|| runtime.block_on(call_own_thread())));
    let rayon = cost(fastest(|| runtime.block_on(call_rayon())));
    let fresh = cost(fastest(|| runtime.block_on(call_new_threads())));

    let held = runtime.block_on(turns_beside(false));
    let moved = (0..ROUNDS).map(|_| runtime.block_on(turns_beside(true)));
    let moved = moved.max().expect("rounds");

    let (threads, memory) = full_pool()?;
    Ok(Report {
        name: "blocking-work",
        what: "Time for 200 empty calls, one after the other, from a task of a current_thread runtime to the blocking pool, a thread of its own, rayon, and a new thread for each, divided by the time of 200 spawned and awaited tasks, fastest of 31 rounds each; how many turns a task gets beside a call that blocks for 20 ms, in a task and on the pool; and threads and resident memory that 600 blocked calls add",
        values: vec![
            ("pool_ratio", Value::Integer(pool)),
            ("own_thread_ratio", Value::Integer(own)),
            ("rayon_ratio", Value::Integer(rayon)),
            ("new_thread_ratio", Value::Integer(fresh)),
            ("turns_beside_blocked", Value::Integer(held)),
            ("turns_beside_pool", Value::Integer(at_least(moved as f64))),
            ("full_pool_threads", Value::Integer(threads)),
            ("full_pool_mib", Value::Integer(memory)),
        ],
    })
}

fn fastest(measure: impl FnMut() -> Duration) -> Duration {
    let rounds = std::iter::repeat_with(measure).take(ROUNDS);
    rounds.min().expect("rounds")
}

async fn call_tasks() -> Duration {
    let start = Instant::now();
    for _ in 0..CALLS {
        tokio::spawn(async {}).await.expect("no panic");
    }
    start.elapsed()
}

async fn call_pool() -> Duration {
    let start = Instant::now();
    for _ in 0..CALLS {
        spawn_blocking(|| {}).await.expect("no panic");
    }
    start.elapsed()
}

async fn call_own_thread() -> Duration {
    let (calls, mut queue) = mpsc::channel::<oneshot::Sender<()>>(64);
    let own = thread::spawn(move || {
        while let Some(reply) = queue.blocking_recv() {
            reply.send(()).expect("the caller waits");
        }
    });
    let start = Instant::now();
    for _ in 0..CALLS {
        let (reply, answer) = oneshot::channel();
        calls.send(reply).await.expect("it listens");
        answer.await.expect("it answers");
    }
    let elapsed = start.elapsed();
    drop(calls);
    own.join().expect("no panic");
    elapsed
}

async fn call_rayon() -> Duration {
    let start = Instant::now();
    for _ in 0..CALLS {
        let (reply, answer) = oneshot::channel();
        rayon::spawn(move || reply.send(()).expect("the caller waits"));
        answer.await.expect("it answers");
    }
    start.elapsed()
}

async fn call_new_threads() -> Duration {
    let start = Instant::now();
    for _ in 0..CALLS {
        let (reply, answer) = oneshot::channel();
        thread::spawn(move || reply.send(()).expect("the caller waits"));
        answer.await.expect("it answers");
    }
    start.elapsed()
}

/// How many turns a task gets beside a call that blocks, after the call has begun.
async fn turns_beside(moved: bool) -> i64 {
    let call = tokio::spawn(async move {
        if moved {
            let call = spawn_blocking(|| thread::sleep(BLOCKED));
            call.await.expect("no panic");
        } else {
            thread::sleep(BLOCKED);
        }
    });
    yield_now().await; // the call begins
    let mut turns = 0;
    while !call.is_finished() {
        yield_now().await;
        turns += 1;
    }
    turns
}

/// The threads and the MiB that more calls add than the pool has threads.
fn full_pool() -> Result<(i64, i64)> {
    let threads = || std::fs::read_dir("/proc/self/task").map(Iterator::count);
    let runtime = Builder::new_current_thread().build()?;
    let (threads_before, memory_before) = (threads()?, resident()?);
    let (started, starts) = channel::channel();
    let (release, released) = channel::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    for _ in 0..POOL + 88 {
        let (started, released) = (started.clone(), released.clone());
        runtime.spawn_blocking(move || {
            let _ = started.send(()); // an error: it began after the release
            let _ = released.lock().expect("no panic").recv();
        });
    }
    for _ in 0..POOL {
        starts.recv()?;
    }
    let added = threads()? - threads_before;
    let memory = resident()? - memory_before;
    drop(release);
    Ok((i64::try_from(added)?, memory / 1024))
}

/// The resident memory of this process, in KiB.
fn resident() -> Result<i64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("a process has memory")?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_pool_has_512_threads() -> Result<()> {
        let (threads, _) = full_pool()?;
        let committed = measurements::committed("blocking-work")?;
        assert_eq!(committed["full_pool_threads"].as_integer(), Some(threads));
        Ok(())
    }
}
