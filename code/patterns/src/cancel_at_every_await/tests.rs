use super::*;
use std::cell::RefCell;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

#[test]
fn each_point_is_met_asleep_and_woken() {
    let seen = RefCell::new(Vec::new());
    let points = cancel_at_every_await(async |cut| {
        let steps = Cell::new(0);
        let finished = cut.run(async {
            for _ in 0..2 {
                steps.set(steps.get() + 1);
                yield_now().await;
            }
            steps.set(9);
        });
        let finished = finished.await.is_some();
        seen.borrow_mut().push((steps.get(), finished));
    });
    assert_eq!(points, 2);
    let dropped = [(0, false), (1, false), (1, false), (2, false), (2, false)];
    assert_eq!(seen.borrow()[..5], dropped);
    assert_eq!(seen.borrow()[5..], [(9, true)]);
}

#[test]
fn a_future_that_never_waits_has_no_points() {
    let points = cancel_at_every_await(async |cut| {
        cut.run(async { 7 }).await;
    });
    assert_eq!(points, 0);
}

#[test]
fn what_the_future_owns_is_dropped_before_run_returns() {
    cancel_at_every_await(async |cut| {
        let owned = Rc::new(());
        let held = Rc::clone(&owned);
        cut.run(async move {
            yield_now().await;
            drop(held);
        })
        .await;
        assert_eq!(Rc::strong_count(&owned), 1);
    });
}

#[test]
fn timers_and_spawned_tasks_go_on_between_polls() {
    let points = cancel_at_every_await(async |cut| {
        let start = Instant::now();
        let helper = tokio::spawn(sleep(Duration::from_secs(2)));
        let finished = cut.run(async {
            sleep(Duration::from_secs(1)).await;
            helper.await.expect("it does not panic");
        });
        if finished.await.is_some() {
            assert_eq!(start.elapsed(), Duration::from_secs(2));
        }
    });
    assert_eq!(points, 2);
}

// ANCHOR: planted
/// The planted bug: money is on its way across the `.await`.
async fn transfer(from: &Cell<i32>, to: &Cell<i32>) {
    from.set(from.get() - 40);
    yield_now().await; // Writes a line to the audit log.
    to.set(to.get() + 40);
}

#[test]
#[should_panic(expected = "future dropped asleep at point 1: money is lost")]
fn half_a_transfer_is_found() {
    cancel_at_every_await(async |cut| {
        let (from, to) = (Cell::new(100), Cell::new(0));
        cut.run(transfer(&from, &to)).await;
        assert!(from.get() + to.get() == 100, "money is lost");
    });
}
// ANCHOR_END: planted

#[test]
fn a_transfer_that_waits_before_it_begins_passes() {
    let points = cancel_at_every_await(async |cut| {
        let (from, to) = (Cell::new(100), Cell::new(0));
        let finished = cut.run(async {
            yield_now().await;
            from.set(from.get() - 40);
            to.set(to.get() + 40);
        });
        let paid = if finished.await.is_some() { 40 } else { 0 };
        assert_eq!((from.get(), to.get()), (100 - paid, paid));
    });
    assert_eq!(points, 1);
}

#[test]
#[should_panic(expected = "future dropped asleep at point 2: only half")]
fn bytes_that_read_exact_has_taken_are_missed() {
    cancel_at_every_await(async |cut| {
        let (mut near, mut far) = duplex(64);
        tokio::spawn(async move {
            for half in [b"he", b"y\n"] {
                sleep(Duration::from_secs(1)).await;
                near.write_all(half).await.expect("the reader is there");
            }
        });
        let mut word = [0; 4];
        if cut.run(far.read_exact(&mut word)).await.is_none() {
            let read = far.read_exact(&mut word).await;
            assert!(read.is_ok(), "only half of the word is left");
        }
        assert_eq!(&word, b"hey\n");
    });
}

#[test]
#[should_panic(expected = "future dropped asleep at point 2: the scenario hangs")]
fn a_wake_up_that_is_taken_and_not_used_hangs_the_next_in_line() {
    cancel_at_every_await(async |cut| {
        let (arrived, done) = (Notify::new(), Cell::new(false));
        let first = async {
            arrived.notified().await;
            yield_now().await; // By now the wake-up is this future's own.
            done.set(true);
        };
        let ring = async {
            sleep(Duration::from_secs(1)).await;
            arrived.notify_one();
        };
        tokio::join!(cut.run(first), ring);
        if !done.get() {
            arrived.notified().await;
        }
    });
}

// ANCHOR: token
/// Only a drop between the wake-up and the next poll finds this one.
#[test]
#[should_panic(expected = "future dropped woken at point 1: the only token is lost")]
fn a_token_that_is_handed_over_and_not_fetched_is_missed() {
    cancel_at_every_await(async |cut| {
        let (hand_over, token) = oneshot::channel();
        let tokens = Cell::new(1);
        let give = async {
            sleep(Duration::from_secs(1)).await;
            if hand_over.send(()).is_ok() {
                tokens.set(0); // It is on its way to its new owner.
            }
        };
        let (taken, ()) = tokio::join!(cut.run(token), give);
        assert!(
            taken.is_some() || tokens.get() == 1,
            "the only token is lost"
        );
    });
}
// ANCHOR_END: token

#[test]
fn tokio_passes_a_wake_up_on_when_its_owner_is_dropped() {
    let points = cancel_at_every_await(async |cut| {
        let arrived = Notify::new();
        let ring = async {
            sleep(Duration::from_secs(1)).await;
            arrived.notify_one();
        };
        let (finished, ()) = tokio::join!(cut.run(arrived.notified()), ring);
        if finished.is_none() {
            arrived.notified().await;
        }
    });
    assert_eq!(points, 1);
}

#[test]
fn tokio_passes_a_permit_on_when_its_owner_is_dropped() {
    let points = cancel_at_every_await(async |cut| {
        let permits = Semaphore::new(1);
        let first = permits.acquire().await.expect("it is open");
        let release = async {
            sleep(Duration::from_secs(1)).await;
            drop(first);
        };
        let (second, ()) = tokio::join!(cut.run(permits.acquire()), release);
        drop(second);
        assert_eq!(permits.available_permits(), 1);
    });
    assert_eq!(points, 1);
}

#[test]
fn a_message_is_received_once_wherever_recv_is_dropped() {
    let points = cancel_at_every_await(async |cut| {
        let (sender, mut messages) = mpsc::channel(1);
        tokio::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            sender.send(7).await.expect("the receiver is there");
        });
        let first = match cut.run(messages.recv()).await {
            Some(first) => first,
            None => messages.recv().await,
        };
        assert_eq!((first, messages.recv().await), (Some(7), None));
    });
    assert_eq!(points, 1);
}

#[test]
fn a_scenario_that_waits_for_a_thread_lets_the_clock_run() {
    let points = cancel_at_every_await(async |cut| {
        tokio::time::resume();
        let thread = tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(5)));
        cut.run(thread).await;
    });
    assert_eq!(points, 1);
}

#[test]
#[should_panic(expected = "before its first poll: the scenario hangs")]
fn a_scenario_that_hangs_is_named_and_not_waited_for() {
    cancel_at_every_await(async |cut| {
        cut.run(async {}).await;
        std::future::pending::<()>().await;
    });
}

#[test]
#[should_panic(expected = "a scenario runs its future")]
fn a_scenario_that_ignores_its_cut_is_refused() {
    cancel_at_every_await(async |_cut| {});
}

#[test]
#[should_panic(expected = "has not ended after 100 points")]
fn a_loop_without_an_end_is_refused() {
    cancel_at_every_await(async |cut| {
        cut.run(async {
            loop {
                yield_now().await;
            }
        })
        .await;
    });
}
