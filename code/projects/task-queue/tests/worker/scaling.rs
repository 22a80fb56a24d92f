//! More slots while jobs wait, fewer when they are idle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use task_queue::broker::Leases;
use task_queue::scale::Bounds;
use tokio::time;

use super::*;
use crate::scripted::Call;
use crate::support::secs;

#[tokio::test(start_paused = true)]
async fn slots_follow_the_jobs_that_wait_and_go_when_it_is_calm() {
    let broker = Scripted::new();
    let mut settings = settings(1);
    settings.scale.bounds = Bounds { min: 2, max: 16 };
    let running = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&running);
    let registry = task(move |_, n| {
        let count = Arc::clone(&count);
        async move {
            count.fetch_add(1, Ordering::Relaxed);
            time::sleep(secs(1)).await;
            count.fetch_sub(1, Ordering::Relaxed);
            Ok(n)
        }
    });
    broker.enqueue(jobs(0..200)).await.unwrap();
    let worker = start(&broker, registry, settings);
    let mut seen = Vec::new();
    for _ in 0..6 {
        time::sleep(ms(490)).await;
        seen.push(running.load(Ordering::Relaxed));
    }
    // The first half second cannot have seen a job wait for long; later ones double.
    assert!(
        seen[0] == 2 && seen[5] == 16 && seen.is_sorted(),
        "{seen:?}"
    );
    broker.all_ended().await;
    // 16, 12, 9, 7, 6, 5, 4, 3, 2: a step each 10 s.
    time::sleep(secs(90)).await;
    let calm = broker.reports().last().unwrap().concurrency;
    assert_eq!(calm, 2);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_not_full_asks_the_store_for_no_numbers() {
    let broker = Scripted::new();
    let mut settings = settings(1);
    settings.scale.bounds = Bounds { min: 2, max: 16 };
    send(&broker, job(1)).await;
    let registry = task(|_, n| async move {
        time::sleep(secs(30)).await;
        Ok(n)
    });
    let worker = start(&broker, registry, settings);
    time::sleep(secs(60)).await;
    assert_eq!(broker.calls(Call::Stats), [0; 0]);
    worker.stop().await;
}
