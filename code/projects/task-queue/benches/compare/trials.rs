//! The measurements, one function each.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use testbed::machine;
use testbed::peer::Peer;

use crate::measure::{Bench, Metric, Sizes};
use crate::program::{Role, done};
use crate::store::Store;

pub fn enqueue(bench: &mut Bench) -> Result<()> {
    let store = bench.store()?;
    let mut producer = bench.start(&store, Role::Producer, &[])?;
    let (singles, jobs) = (
        bench.share(bench.sizes.singles),
        bench.share(bench.sizes.jobs),
    );
    let time = producer.order(&format!("single {singles}"), bench.sizes.limit)?;
    bench.note(Metric::Single, singles as f64 / time.as_secs_f64());
    let time = producer.order(&format!("bulk {jobs}"), bench.sizes.limit)?;
    bench.note(Metric::Bulk, jobs as f64 / time.as_secs_f64());
    Ok(())
}

pub fn end_to_end(bench: &mut Bench) -> Result<()> {
    let jobs = bench.share(bench.sizes.jobs).min(bench.system.most_due);
    let store = bench.store()?;
    let (mut worker, mut producer) = bench.pair(&store, jobs)?;
    rest(bench, &store, &worker);
    let before = (store.commands(), cpu(&store, &worker, producer.as_ref()));
    let start = Instant::now();
    producer
        .as_mut()
        .unwrap_or(&mut worker)
        .order(&format!("bulk {jobs}"), bench.sizes.limit)?;
    done(&mut worker, jobs, bench.sizes.limit)?;
    let time = start.elapsed();
    // The last ends may still be on their way to the store.
    thread::sleep(Duration::from_millis(100));
    let after = (store.commands(), cpu(&store, &worker, producer.as_ref()));
    bench.note(Metric::EndToEnd, jobs as f64 / time.as_secs_f64());
    if let (Some(before), Some(after)) = (before.0, after.0) {
        bench.note(Metric::Commands, (after - before) as f64 / jobs as f64);
    }
    let metrics = [Metric::StoreCpu, Metric::WorkerCpu, Metric::ProducerCpu];
    for (metric, (before, after)) in metrics.into_iter().zip(before.1.into_iter().zip(after.1)) {
        if let (Some(before), Some(after)) = (before, after) {
            bench.note(metric, (after - before).as_secs_f64() * 1e6 / jobs as f64);
        }
    }
    Ok(())
}

/// What it takes to wait for jobs.
fn rest(bench: &mut Bench, store: &Store, worker: &Peer) {
    let idle = bench.sizes.idle;
    thread::sleep(Duration::from_secs(3));
    let memory = mebibytes(machine::memory(worker.id()));
    bench.note(Metric::WorkerAtRest, memory);
    bench.note(Metric::StoreAtRest, mebibytes(store.size()));
    let before = store.commands();
    thread::sleep(idle);
    if let (Some(before), Some(after)) = (before, store.commands()) {
        let commands = (after - before) as f64;
        bench.note(Metric::Idle, commands / idle.as_secs_f64());
    }
}

/// Processor time so far of the server, the worker and the producer, as far as they are processes of their own.
fn cpu(store: &Store, worker: &Peer, producer: Option<&Peer>) -> [Option<Duration>; 3] {
    let producer = producer.map(|producer| machine::cpu(producer.id()));
    [store.cpu(), Some(machine::cpu(worker.id())), producer]
}

pub fn latency(bench: &mut Bench) -> Result<()> {
    let Sizes {
        paced, rate, limit, ..
    } = *bench.sizes;
    let store = bench.store()?;
    let (mut worker, mut producer) = bench.pair(&store, paced)?;
    thread::sleep(Duration::from_secs(2));
    producer
        .as_mut()
        .unwrap_or(&mut worker)
        .order(&format!("pace {paced} {rate}"), limit)?;
    let (median, late) = done(&mut worker, paced, limit)?;
    bench.note(Metric::Median, median.as_secs_f64() * 1e3);
    bench.note(Metric::Late, late.as_secs_f64() * 1e3);
    Ok(())
}

/// Jobs that were to start later, and are due when the worker comes.
pub fn backlog(bench: &mut Bench) -> Result<()> {
    let delay = Duration::from_secs(2);
    let jobs = bench.share(bench.sizes.backlog);
    let store = bench.store()?;
    let mut producer = bench.start(&store, Role::Producer, &[])?;
    let order = match bench.system.delays {
        true => format!("later {jobs} {}", delay.as_millis()),
        false => format!("bulk {jobs}"),
    };
    producer.order(&order, bench.sizes.limit)?;
    bench.note(Metric::StoreWaiting, mebibytes(store.size()));
    drop(producer);
    thread::sleep(delay + Duration::from_millis(500));
    let mut worker = bench.start(&store, Role::Worker, &[("EXPECT", jobs)])?;
    let start = Instant::now();
    done(&mut worker, jobs, bench.sizes.limit)?;
    bench.note(Metric::Backlog, jobs as f64 / start.elapsed().as_secs_f64());
    bench.note(Metric::WorkerPeak, mebibytes(machine::peak(worker.id())));
    Ok(())
}

/// From the crash of a worker until the job that it was running begins in another.
pub fn recovery(bench: &mut Bench) -> Result<()> {
    let limit = bench.sizes.limit;
    let store = bench.store()?;
    let mut crashing = bench.start(&store, Role::Worker, &[("HOLD", 1)])?;
    let mut producer = bench.start(&store, Role::Producer, &[])?;
    producer.order("single 1", limit)?;
    crashing.wait("holding", limit)?;
    let mut other = bench.start(&store, Role::Worker, &[("EXPECT", 1)])?;
    thread::sleep(Duration::from_secs(1));
    drop(crashing);
    let start = Instant::now();
    done(&mut other, 1, limit)?;
    bench.note(Metric::Recovery, start.elapsed().as_secs_f64());
    Ok(())
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
