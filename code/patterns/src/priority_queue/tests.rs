use std::pin::Pin;
use std::sync::Arc;

use proptest::prelude::*;
use tokio_test::task::{Spawn, spawn};
use tokio_test::{assert_pending, assert_ready_eq};

use super::*;
use crate::cancel_at_every_await::cancel_at_every_await;

fn queue(items: &[(u8, char)]) -> PriorityQueue<u8, char> {
    let queue = PriorityQueue::new();
    for &(priority, item) in items {
        queue.push(priority, item).expect("it is open");
    }
    queue
}

#[tokio::test]
async fn the_most_urgent_leaves_first_and_equals_in_their_order() {
    let queue = queue(&[(1, 'a'), (5, 'b'), (1, 'c'), (5, 'd')]);
    queue.close();
    let mut order = String::new();
    while let Some(item) = queue.pop().await {
        order.push(item);
    }
    assert_eq!(order, "bdac");
}

#[test]
fn a_waiting_pop_gets_what_is_pushed() {
    let queue = queue(&[]);
    let mut pop = spawn(queue.pop());
    assert_pending!(pop.poll());
    queue.push(1, 'a').expect("it is open");
    assert!(pop.is_woken());
    assert_ready_eq!(pop.poll(), Some('a'));
}

#[test]
fn two_pushes_wake_two_that_wait() {
    let queue = queue(&[]);
    let (mut first, mut second) = (spawn(queue.pop()), spawn(queue.pop()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    queue.push(1, 'a').expect("it is open");
    queue.push(2, 'b').expect("it is open");
    assert!(first.is_woken() && second.is_woken());
    assert_ready_eq!(first.poll(), Some('b'));
    assert_ready_eq!(second.poll(), Some('a'));
}

#[test]
fn a_pop_that_is_dropped_after_it_was_woken_takes_nothing_and_passes_it_on() {
    let queue = queue(&[]);
    let (mut first, mut second) = (spawn(queue.pop()), spawn(queue.pop()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    queue.push(1, 'a').expect("it is open");
    assert!(first.is_woken() && !second.is_woken());
    drop(first);
    assert!(second.is_woken());
    assert_ready_eq!(second.poll(), Some('a'));
}

#[test]
fn closing_ends_those_that_wait_and_refuses_new_items() {
    let queue = queue(&[]);
    let (mut first, mut second) = (spawn(queue.pop()), spawn(queue.pop()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    queue.close();
    assert_ready_eq!(first.poll(), None);
    assert_ready_eq!(second.poll(), None);
    assert_eq!(queue.push(1, 'a'), Err('a'));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_item_goes_to_one_of_the_tasks() {
    let queue = Arc::new(PriorityQueue::new());
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move {
                let mut sum = 0;
                while let Some(item) = queue.pop().await {
                    sum += item;
                }
                sum
            })
        })
        .collect();
    for item in 1..=1_000_u32 {
        queue.push(item % 7, item).expect("it is open");
        if item % 10 == 0 {
            tokio::task::yield_now().await;
        }
    }
    queue.close();
    let mut sum = 0;
    for worker in workers {
        sum += worker.await.expect("no panic");
    }
    assert_eq!(sum, 500_500);
}

#[test]
fn a_pop_that_is_dropped_anywhere_leaves_the_item_for_the_next() {
    let points = cancel_at_every_await(async |cut| {
        let queue = Arc::new(PriorityQueue::new());
        let pushing = Arc::clone(&queue);
        tokio::spawn(async move { pushing.push(1, 'a') });
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
        let queue = Arc::new(PriorityQueue::new());
        let mut pops: Vec<Pop> = Vec::new();
        let (mut pushed, mut taken) = (0, Vec::new());
        for (step, which) in steps {
            match step {
                0 => {
                    let queue = Arc::clone(&queue);
                    let mut pop: Pop = spawn(Box::pin(async move { queue.pop().await }));
                    match pop.poll() {
                        std::task::Poll::Ready(item) => taken.extend(item),
                        std::task::Poll::Pending => pops.push(pop),
                    }
                }
                1 => {
                    queue.push(which, pushed).expect("it is open");
                    pushed += 1;
                }
                2 if which < pops.len() => drop(pops.remove(which)),
                3 if which < pops.len() && pops[which].is_woken() => {
                    if let std::task::Poll::Ready(item) = pops[which].poll() {
                        taken.extend(item);
                        drop(pops.remove(which));
                    }
                }
                _ => {}
            }
        }
        // Every task that was woken has its turn.
        while let Some(at) = pops.iter().position(|pop| pop.is_woken()) {
            if let std::task::Poll::Ready(item) = pops[at].poll() {
                taken.extend(item);
                drop(pops.remove(at));
            }
        }
        prop_assert!(queue.is_empty() || pops.is_empty());
        queue.close();
        while let Some(item) = tokio_test::block_on(queue.pop()) {
            taken.push(item);
        }
        taken.sort_unstable();
        prop_assert_eq!(taken, (0..pushed).collect::<Vec<_>>());
    }
}
