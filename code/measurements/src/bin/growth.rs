//! How the memory of a program grows with its tasks: what it holds at most, counted by the allocator.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use anyhow::Result;
use measurements::Report;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use toml::Value;

const BOUND: usize = 100;
const BUFFER: usize = 1_024;

fn main() -> Result<()> {
    print!("{}", report(&[10, 100, 1_000, 10_000, 100_000])?.to_toml()?);
    Ok(())
}

fn report(sizes: &[u32]) -> Result<Report> {
    let mut values = Vec::new();
    for &tasks in sizes {
        let names = match tasks {
            10 => ["buffer_10", "sleeping_10", "bounded_10"],
            100 => ["buffer_100", "sleeping_100", "bounded_100"],
            1_000 => ["buffer_1000", "sleeping_1000", "bounded_1000"],
            10_000 => ["buffer_10000", "sleeping_10000", "bounded_10000"],
            _ => ["buffer_100000", "sleeping_100000", "bounded_100000"],
        };
        let held = [
            held(all_at_once(tasks, with_buffer))?,
            held(all_at_once(tasks, nap))?,
            held(bounded(tasks))?,
        ];
        values.extend(names.into_iter().zip(held.map(printed)));
    }
    Ok(Report {
        name: "growth",
        what: "Memory that a program holds at most, rounded, when it runs 10 to 100,000 tasks on a current_thread runtime, counted by the crate allocation-counter: tasks that sleep and keep a buffer of 1,024 bytes across it, tasks that only sleep, and the tasks with a buffer again, at most 100 of them at a time",
        values,
    })
}

fn printed(kib: u64) -> Value {
    Value::String(match kib {
        ..1_024 => format!("{kib} KiB"),
        1_024..10_240 => format!("{:.1} MiB", kib as f64 / 1_024.0),
        _ => format!("{} MiB", (kib + 512) / 1_024),
    })
}

/// The most memory, in KiB, that `program` holds while it runs.
fn held(program: impl Future<Output = ()>) -> Result<u64> {
    let runtime = runtime()?;
    let counted = measure(|| runtime.block_on(program));
    Ok((counted.bytes_max + 512) / 1_024)
}

fn runtime() -> Result<Runtime> {
    let mut builder = Builder::new_current_thread();
    Ok(builder.enable_time().start_paused(true).build()?)
}

async fn nap() {
    sleep(Duration::from_millis(10)).await;
}

async fn with_buffer() {
    let buffer = [1_u8; BUFFER];
    nap().await;
    black_box(&buffer);
}

async fn all_at_once<F>(tasks: u32, task: fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    for _ in 0..tasks {
        tokio::spawn(task());
    }
    sleep(Duration::from_secs(1)).await;
}

async fn bounded(tasks: u32) {
    let slots = Arc::new(Semaphore::new(BOUND));
    for _ in 0..tasks {
        let slot = Arc::clone(&slots).acquire_owned().await;
        let slot = slot.expect("it stays open");
        tokio::spawn(async move {
            with_buffer().await;
            drop(slot);
        });
    }
    sleep(Duration::from_secs(1)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of a task is a multiple of the processor's cache line, so other machines may differ.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn tasks_hold_the_memory_that_the_book_prints() -> Result<()> {
        measurements::assert_committed(&report(&[10, 1_000])?)
    }
}
