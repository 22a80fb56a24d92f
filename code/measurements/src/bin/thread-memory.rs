//! How much memory a waiting thread takes, and a waiting task, as Linux counts it.

use std::sync::{Arc, Barrier};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context, Result};
use measurements::Report;
use tokio::runtime::Builder;
use tokio::time::sleep;
use toml::Value;

const STEP: usize = 1_000;
const TASKS: usize = 100_000;

fn main() -> Result<()> {
    print!("{}", report()?.to_toml()?);
    Ok(())
}

fn report() -> Result<Report> {
    let thread = per_thread()?;
    let (real, kernel) = (
        rounded(thread.real, 1_024),
        rounded(thread.kernel_stack, 1_024),
    );
    let task = per_task()?.next_multiple_of(50);
    Ok(Report {
        name: "thread-memory",
        what: "How far 1,000 more waiting threads, and 100,000 waiting tasks, grow the numbers in /proc, divided by their count",
        values: vec![
            ("thread_reserved_mib", rounded(thread.reserved, 1_048_576)),
            ("thread_real_kib", real),
            ("thread_kernel_stack_kib", kernel),
            ("task_real_bytes", Value::Integer(task as i64)),
        ],
    })
}

/// Bytes that the kernel accounts for.
struct Memory {
    reserved: usize,
    real: usize,
    kernel_stack: usize,
}

/// What one thread adds once the first thousand has made the allocator set up its arenas.
fn per_thread() -> Result<Memory> {
    let some = while_waiting(STEP, memory)??;
    let more = while_waiting(2 * STEP, memory)??;
    Ok(Memory {
        reserved: (more.reserved - some.reserved) / STEP,
        real: (more.real - some.real) / STEP,
        kernel_stack: (more.kernel_stack - some.kernel_stack) / STEP,
    })
}

fn per_task() -> Result<usize> {
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let before = memory()?.real;
    runtime.block_on(async {
        for _ in 0..TASKS {
            tokio::spawn(sleep(Duration::from_secs(3_600)));
        }
        sleep(Duration::from_millis(1)).await;
    });
    Ok((memory()?.real - before) / TASKS)
}

/// Calls `look` while `count` threads wait.
fn while_waiting<T>(count: usize, look: impl Fn() -> T) -> Result<T> {
    let gate = Arc::new(Barrier::new(count + 1));
    let mut threads = Vec::with_capacity(count);
    for _ in 0..count {
        let gate = gate.clone();
        let wait = move || {
            gate.wait();
            gate.wait();
        };
        threads.push(thread::Builder::new().spawn(wait)?);
    }
    gate.wait();
    let seen = look();
    gate.wait();
    for thread in threads {
        thread.join().expect("a waiting thread does not panic");
    }
    Ok(seen)
}

fn memory() -> Result<Memory> {
    let process = fs::read_to_string("/proc/self/status")?;
    let system = fs::read_to_string("/proc/meminfo")?;
    Ok(Memory {
        reserved: bytes(&process, "VmSize:")?,
        real: bytes(&process, "VmRSS:")?,
        kernel_stack: bytes(&system, "KernelStack:")?,
    })
}

/// The value of a line such as `VmRSS:   1234 kB`.
fn bytes(text: &str, name: &str) -> Result<usize> {
    let line = text.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    let kib: usize = number.with_context(|| format!("no {name}"))?.parse()?;
    Ok(kib * 1_024)
}

fn rounded(bytes: usize, unit: usize) -> Value {
    Value::Integer(((bytes + unit / 2) / unit) as i64)
}
