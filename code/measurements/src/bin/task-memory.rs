//! How much memory a task takes: what `tokio::spawn` asks of the allocator.

use std::{hint::black_box, time::Duration};

use allocation_counter::measure;
use anyhow::Result;
use measurements::Report;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::sleep;
use toml::Value;

fn main() -> Result<()> {
    print!("{}", report()?.to_toml()?);
    Ok(())
}

fn report() -> Result<Report> {
    let workers = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()?;
    let one_thread = Builder::new_current_thread().enable_time().build()?;

    let (smallest, allocations) = spawned(&workers, async || {});
    let (smallest_on_one_thread, _) = spawned(&one_thread, async || {});
    let (sleeping, _) = spawned(&workers, async || sleep(Duration::from_secs(1)).await);
    let (with_a_page, _) = spawned(&workers, async || {
        let page = [1_u8; 1_024];
        yield_now().await;
        black_box(&page);
    });
    Ok(Report {
        name: "task-memory",
        what: "What one tokio::spawn asks of the global allocator, counted by the crate allocation-counter",
        values: vec![
            ("tokio_task_allocations", Value::Integer(allocations)),
            ("tokio_task_bytes", Value::Integer(smallest)),
            (
                "current_thread_task_bytes",
                Value::Integer(smallest_on_one_thread),
            ),
            ("sleeping_task_bytes", Value::Integer(sleeping)),
            ("task_with_1024_bytes", Value::Integer(with_a_page)),
        ],
    })
}

/// Bytes and allocations of one spawn: the least of a hundred, since some also grow the queues that all tasks share.
fn spawned<F>(runtime: &Runtime, task: impl Fn() -> F) -> (i64, i64)
where
    F: Future<Output = ()> + Send + 'static,
{
    let spawns = (0..100).map(|_| {
        let counted = measure(|| drop(runtime.spawn(task())));
        (counted.bytes_total as i64, counted.count_total as i64)
    });
    spawns.min().expect("there are a hundred")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size is a multiple of the processor's cache line, so other machines may differ.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_task_takes_the_bytes_that_the_book_prints() -> Result<()> {
        measurements::assert_committed(&report()?)
    }
}
