use std::cell::Cell;
use std::future::{pending, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_test::task::{Spawn, spawn};
use tokio_test::{assert_pending, assert_ready_eq};

use super::*;
use crate::cancel_at_every_await::cancel_at_every_await;

type Cache = SingleFlight<&'static str, u32, &'static str>;

impl<K: Eq + Hash, V, E> SingleFlight<K, V, E> {
    fn keys(&self) -> usize {
        self.flights().len()
    }
}

async fn panics() -> Result<u32, &'static str> {
    panic!("the computation panicked")
}

#[tokio::test(start_paused = true)]
async fn callers_at_the_same_time_share_one_computation() {
    let (start, cache) = (Instant::now(), Arc::new(Cache::new()));
    let computed = Arc::new(Mutex::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..5 {
        let (cache, computed) = (Arc::clone(&cache), Arc::clone(&computed));
        callers.spawn(async move {
            let compute = async {
                *computed.lock().unwrap() += 1;
                sleep(Duration::from_secs(1)).await;
                Ok(7)
            };
            cache.get("a", compute).await
        });
    }
    assert_eq!(callers.join_all().await, [Ok(7); 5]);
    assert_eq!(*computed.lock().unwrap(), 1);
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[test]
fn a_value_is_kept_until_it_is_forgotten() {
    let cache = Cache::new();
    assert_ready_eq!(spawn(cache.get("a", ready(Ok(1)))).poll(), Ok(1));
    assert_ready_eq!(spawn(cache.get("a", panics())).poll(), Ok(1));
    cache.forget(&"a");
    assert_ready_eq!(spawn(cache.get("a", ready(Ok(2)))).poll(), Ok(2));
}

#[test]
fn a_key_does_not_wait_for_another() {
    let cache = Cache::new();
    let mut slow = spawn(cache.get("a", pending()));
    assert_pending!(slow.poll());
    assert_ready_eq!(spawn(cache.get("b", ready(Ok(2)))).poll(), Ok(2));
}

#[test]
fn a_failure_goes_to_all_that_wait_and_is_not_kept() {
    let cache = Cache::new();
    let (fail, failed) = oneshot::channel();
    let mut first = spawn(cache.get("a", async { failed.await.unwrap() }));
    let mut second = spawn(cache.get("a", panics()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    fail.send(Err("down")).unwrap();
    assert_ready_eq!(first.poll(), Err("down"));
    drop(first);

    // The second has not had its turn, and already a new call computes.
    assert_ready_eq!(spawn(cache.get("a", ready(Ok(3)))).poll(), Ok(3));
    assert_ready_eq!(second.poll(), Err("down"));
    drop(second);
    assert_ready_eq!(spawn(cache.get("a", panics())).poll(), Ok(3));
}

#[test]
fn one_that_waits_computes_when_the_caller_that_computes_is_dropped() {
    let cache = Cache::new();
    let mut first = spawn(cache.get("a", pending()));
    let mut second = spawn(cache.get("a", ready(Ok(2))));
    let mut third = spawn(cache.get("a", panics()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    assert_pending!(third.poll());
    drop(first);
    assert!(second.is_woken());
    assert_ready_eq!(second.poll(), Ok(2));
    assert_ready_eq!(third.poll(), Ok(2));
}

#[test]
fn one_that_waits_and_is_dropped_changes_nothing() {
    let cache = Cache::new();
    let (answer, answered) = oneshot::channel();
    let mut first = spawn(cache.get("a", async { answered.await.unwrap() }));
    assert_pending!(first.poll());
    let mut second = spawn(cache.get("a", panics()));
    assert_pending!(second.poll());
    drop(second);
    answer.send(Ok(1)).unwrap();
    assert_ready_eq!(first.poll(), Ok(1));
}

#[tokio::test]
async fn one_that_waits_computes_when_a_computation_panics() {
    let cache = Arc::new(Cache::new());
    let (go, gone) = oneshot::channel::<()>();
    let first = tokio::spawn({
        let cache = Arc::clone(&cache);
        async move {
            let compute = async {
                gone.await.unwrap();
                panics().await
            };
            cache.get("a", compute).await
        }
    });
    tokio::task::yield_now().await;
    let mut second = spawn(cache.get("a", ready(Ok(2))));
    assert_pending!(second.poll());
    go.send(()).unwrap();
    assert!(first.await.unwrap_err().is_panic());
    assert!(second.is_woken());
    assert_ready_eq!(second.poll(), Ok(2));
}

#[test]
fn what_is_forgotten_under_way_answers_but_is_not_kept() {
    let cache = Cache::new();
    let (answer, answered) = oneshot::channel();
    let mut before = spawn(cache.get("a", async { answered.await.unwrap() }));
    assert_pending!(before.poll());
    cache.forget(&"a"); // the source has changed
    assert_ready_eq!(spawn(cache.get("a", ready(Ok(2)))).poll(), Ok(2));
    answer.send(Ok(1)).unwrap();
    assert_ready_eq!(before.poll(), Ok(1));
    drop(before);
    assert_ready_eq!(spawn(cache.get("a", panics())).poll(), Ok(2));
}

#[test]
fn callers_that_are_all_dropped_leave_nothing() {
    let cache = Cache::new();
    let mut first = spawn(cache.get("a", pending()));
    let mut second = spawn(cache.get("a", pending()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    drop(first);
    assert_eq!(cache.keys(), 1); // the second is in it
    drop(second);
    assert_eq!(cache.keys(), 0);
}

#[test]
fn wherever_the_caller_that_computes_is_dropped_another_has_its_answer() {
    let points = cancel_at_every_await(async |cut| {
        let cache = Arc::new(Cache::new());
        let waits = {
            let cache = Arc::clone(&cache);
            async move {
                sleep(Duration::from_millis(500)).await; // comes while it computes
                cache.get("a", ready(Ok(2))).await
            }
        };
        let waits = tokio::spawn(waits);
        let compute = async {
            sleep(Duration::from_secs(1)).await;
            tokio::task::yield_now().await;
            Ok(1)
        };
        let answer = cut.run(cache.get("a", compute)).await;
        // Dropped, so the other computes; or not, so it has the same.
        let expected = answer.unwrap_or(Ok(2));
        assert_eq!(waits.await.expect("no panic"), expected);
        assert_eq!(cache.get("a", panics()).await, expected);
    });
    assert_eq!(points, 2);
}

#[test]
fn wherever_a_caller_that_waits_is_dropped_the_answer_is_kept() {
    let points = cancel_at_every_await(async |cut| {
        let cache = Arc::new(Cache::new());
        let computes = {
            let cache = Arc::clone(&cache);
            async move {
                let compute = async {
                    sleep(Duration::from_secs(1)).await;
                    Ok(1)
                };
                cache.get("a", compute).await
            }
        };
        let computes = tokio::spawn(computes);
        tokio::task::yield_now().await; // it has begun
        let answer = cut.run(cache.get("a", panics())).await;
        assert!(matches!(answer, None | Some(Ok(1))));
        assert_eq!(computes.await.expect("no panic"), Ok(1));
        assert_eq!(cache.get("a", panics()).await, Ok(1));
    });
    assert_eq!(points, 1);
}

type Caller = Spawn<Pin<Box<dyn Future<Output = Result<u32, &'static str>>>>>;

/// A caller whose computation needs another poll, counts itself, and ends as told.
fn caller(cache: &Rc<Cache>, under_way: &Rc<Cell<u32>>, ends: Result<u32, &'static str>) -> Caller {
    struct UnderWay(Rc<Cell<u32>>);
    impl Drop for UnderWay {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    let (cache, under_way) = (Rc::clone(cache), Rc::clone(under_way));
    spawn(Box::pin(async move {
        let compute = async {
            under_way.set(under_way.get() + 1);
            let _counted = UnderWay(Rc::clone(&under_way));
            tokio::task::yield_now().await;
            ends
        };
        cache.get("a", compute).await
    }))
}

proptest! {
    /// Whatever is polled or dropped in whatever order: at most one computes, none waits for a
    /// computation that is gone, and what is left is a value or nothing.
    #[test]
    fn one_computes_and_none_is_forgotten(steps in prop::collection::vec((0..4, 0..4_usize), 1..60)) {
        let (cache, under_way) = (Rc::new(Cache::new()), Rc::new(Cell::new(0)));
        let mut callers: Vec<Caller> = Vec::new();
        for (step, which) in steps {
            match step {
                0 => callers.push(caller(&cache, &under_way, Ok(1))),
                1 => callers.push(caller(&cache, &under_way, Err("down"))),
                2 if which < callers.len() => drop(callers.remove(which)),
                _ if which < callers.len() && callers[which].poll().is_ready() => {
                    drop(callers.remove(which));
                }
                _ => {}
            }
            prop_assert!(under_way.get() <= 1);
        }
        // Every caller that was woken, or never began, has its turn.
        let mut settled = false;
        while !settled {
            let before = callers.len();
            callers.retain_mut(|caller| caller.poll().is_pending());
            settled = callers.len() == before && callers.iter().all(|caller| !caller.is_woken());
        }
        prop_assert!(callers.is_empty(), "{} wait forever", callers.len());
        prop_assert!(cache.flights().values().all(|flight| matches!(flight.answer.get(), Some(Ok(1)))));
    }
}
