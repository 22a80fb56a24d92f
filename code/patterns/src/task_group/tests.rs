//! What a group does, in examples. What holds for any group stands in `properties`.

use super::*;
use std::sync::Arc;
use tokio::task::yield_now;
use tokio::time::Instant;

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

// ANCHOR: shop
#[tokio::test(start_paused = true)]
async fn an_order_that_fails_charges_nothing() {
    let mut order = TaskGroup::new(&CancellationToken::new(), ms(500));
    let (start, stop) = (Instant::now(), order.token());
    order.spawn(async {
        sleep(ms(1_000)).await;
        Err("sold out")
    });
    order.spawn(async move {
        let charge = sleep(ms(2_000));
        match stop.run_until_cancelled(charge).await {
            Some(()) => Ok("charged"),
            None => {
                sleep(ms(300)).await; // call the bank
                Err("charge called off")
            }
        }
    });
    order.spawn(async {
        sleep(ms(60_000)).await;
        Ok("newsletter sent")
    });

    let error = order.join().await.expect_err("sold out");
    assert_eq!(error.errors, ["sold out", "charge called off"]);
    assert_eq!(error.aborted, 1);
    assert_eq!(start.elapsed(), ms(1_500));
}
// ANCHOR_END: shop

// ANCHOR: nested
/// What the outer group reports when its task owns a group with a stubborn task.
async fn report(outer: Duration, inner: Duration) -> GroupError<GroupError<&'static str>> {
    let root = CancellationToken::new();
    let mut group = TaskGroup::<Vec<()>, _>::new(&root, outer);
    let mut below = TaskGroup::new(&group.token(), inner);
    below.spawn(std::future::pending());
    group.spawn(below.join());
    root.cancel();
    group.join().await.expect_err("something was aborted")
}

#[tokio::test(start_paused = true)]
async fn an_inner_group_with_the_shorter_grace_ends_in_time_to_report() {
    let (errors, aborted) = (vec![], 1);
    let inner = GroupError { errors, aborted };
    let (errors, aborted) = (vec![inner], 0);
    assert_eq!(report(ms(20), ms(10)).await, GroupError { errors, aborted });

    let (errors, aborted) = (vec![], 1); // its owner: of the inner group not a word
    assert_eq!(report(ms(10), ms(20)).await, GroupError { errors, aborted });
}
// ANCHOR_END: nested

#[test]
fn its_message_has_all_errors() {
    let errors = vec!["disk full", "timed out"];
    let error = GroupError { errors, aborted: 1 };
    assert_eq!(
        error.to_string(),
        "2 failed, 1 aborted: disk full; timed out"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_several_threads_too_no_task_is_left_when_join_returns() {
    for _ in 0..50 {
        let alive = Arc::new(());
        let mut group = TaskGroup::<(), _>::new(&CancellationToken::new(), Duration::ZERO);
        for id in 0..8 {
            let alive = Arc::clone(&alive);
            group.spawn(async move {
                let _alive = alive;
                if id > 0 {
                    loop {
                        yield_now().await;
                    }
                }
                Err(id)
            });
        }
        let error = group.join().await.expect_err("the first one fails");
        assert_eq!(Arc::strong_count(&alive), 1, "a task is left");
        assert_eq!((error.errors, error.aborted), (vec![0], 7));
    }
}
