//! Step 3 of an executor: a time driver; the thread sleeps until a deadline.
//!
//! Run it: `cargo run -p examples --bin ch02-timer`

use std::sync::mpsc;
use std::time::{Duration, Instant};

use examples::executor::run;

// ANCHOR: main
fn main() {
    let start = Instant::now();
    let (log, lines) = mpsc::channel();

    run(|handle| async move {
        for milliseconds in [30, 10, 20] {
            let (log, timers) = (log.clone(), handle.clone());
            handle.spawn(async move {
                let nap = Duration::from_millis(milliseconds);
                timers.sleep(nap).await;
                log.send(milliseconds).expect("main still listens");
            });
        }
    });

    let order: Vec<u64> = lines.iter().collect();
    assert_eq!(order, [10, 20, 30]);
    assert!(start.elapsed() >= Duration::from_millis(30));
    println!("{order:?}");
}
// ANCHOR_END: main

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::pin::{Pin, pin};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Poll;

    #[test]
    fn the_shorter_sleep_ends_first() {
        main();
    }

    // ANCHOR: two_polls
    #[test]
    fn a_sleep_is_polled_twice_however_long_it_is() {
        for milliseconds in [50, 150] {
            let polls = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&polls);
            run(move |handle| async move {
                let nap = Duration::from_millis(milliseconds);
                let mut sleep = pin!(handle.sleep(nap));
                poll_fn(|context| {
                    counter.fetch_add(1, Ordering::Relaxed);
                    sleep.as_mut().poll(context)
                })
                .await;
            });
            assert_eq!(polls.load(Ordering::Relaxed), 2);
        }
    }
    // ANCHOR_END: two_polls

    #[test]
    fn a_dropped_sleep_holds_nothing_up() {
        let start = Instant::now();
        run(|handle| async move {
            let mut hour = handle.sleep(Duration::from_secs(3600));
            poll_fn(|context| {
                assert!(Pin::new(&mut hour).poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
        });
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}
