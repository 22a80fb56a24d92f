use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use proptest::prelude::*;
use tokio_test::task::{Spawn, spawn};
use tokio_test::{assert_pending, assert_ready_eq, block_on};

use super::*;
use crate::cancel_at_every_await::cancel_at_every_await;

fn queue(items: &str) -> LifoQueue<char> {
    let queue = LifoQueue::new();
    for item in items.chars() {
        queue.push(item).expect("it is open");
    }
    queue
}

#[test]
fn the_newest_leaves_first() {
    let queue = queue("abc");
    queue.close();
    let order: Vec<_> = (0..4).map(|_| block_on(queue.pop())).collect();
    assert_eq!(order, [Some('c'), Some('b'), Some('a'), None]);
}

#[test]
fn a_pop_that_is_dropped_after_it_was_woken_takes_nothing_and_passes_it_on() {
    let queue = queue("");
    let (mut first, mut second) = (spawn(queue.pop()), spawn(queue.pop()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    queue.push('a').expect("it is open");
    assert!(first.is_woken() && !second.is_woken());
    drop(first);
    assert!(second.is_woken());
    assert_ready_eq!(second.poll(), Some('a'));
}

#[test]
fn closing_ends_those_that_wait_and_refuses_new_items() {
    let queue = queue("");
    let (mut first, mut second) = (spawn(queue.pop()), spawn(queue.pop()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    queue.close();
    assert_ready_eq!(first.poll(), None);
    assert_ready_eq!(second.poll(), None);
    assert_eq!(queue.push('a'), Err('a'));
}

#[test]
fn a_pop_that_is_dropped_anywhere_leaves_the_item_for_the_next() {
    let points = cancel_at_every_await(async |cut| {
        let queue = Arc::new(LifoQueue::new());
        let pushing = Arc::clone(&queue);
        tokio::spawn(async move { pushing.push('a') });
        let item = match cut.run(queue.pop()).await {
            Some(item) => item,
            None => queue.pop().await, // It was dropped: ask again.
        };
        assert_eq!(item, Some('a'));
    });
    assert_eq!(points, 1);
}

type Pop = Spawn<Pin<Box<dyn Future<Output = Option<u32>>>>>;

proptest! {
    /// Whatever is polled or dropped in whatever order: nothing is lost, nothing comes twice,
    /// and no item lies beside a task that waits for one and is not woken.
    #[test]
    fn no_item_is_lost_or_lies_beside_a_sleeper(
        steps in prop::collection::vec((0..4, 0..4_usize), 1..60),
    ) {
        let queue = Arc::new(LifoQueue::new());
        let mut pops: Vec<Pop> = Vec::new();
        let (mut pushed, mut taken) = (0, Vec::new());
        for (step, which) in steps {
            match step {
                0 => {
                    let queue = Arc::clone(&queue);
                    pops.push(spawn(Box::pin(async move { queue.pop().await })));
                    let last = pops.len() - 1;
                    if let Poll::Ready(item) = pops[last].poll() {
                        taken.extend(item);
                        drop(pops.pop());
                    }
                }
                1 => {
                    queue.push(pushed).expect("it is open");
                    pushed += 1;
                }
                2 if which < pops.len() => drop(pops.remove(which)),
                3 if which < pops.len() && pops[which].is_woken() => {
                    if let Poll::Ready(item) = pops[which].poll() {
                        taken.extend(item);
                        drop(pops.remove(which));
                    }
                }
                _ => {}
            }
        }
        // Every task that was woken has its turn.
        while let Some(at) = pops.iter().position(|pop| pop.is_woken()) {
            if let Poll::Ready(item) = pops[at].poll() {
                taken.extend(item);
                drop(pops.remove(at));
            }
        }
        prop_assert!(queue.is_empty() || pops.is_empty());
        queue.close();
        while let Some(item) = block_on(queue.pop()) {
            taken.push(item);
        }
        taken.sort_unstable();
        prop_assert_eq!(taken, (0..pushed).collect::<Vec<_>>());
    }
}
