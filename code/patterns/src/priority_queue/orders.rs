use std::sync::Arc;

use checked::every_order;
use loom::future::block_on;
use loom::thread;

use super::PriorityQueue;

fn popped(queue: &Arc<PriorityQueue<u8, char>>) -> thread::JoinHandle<Option<char>> {
    let queue = Arc::clone(queue);
    thread::spawn(move || block_on(queue.pop()))
}

#[test]
fn two_that_wait_get_two_that_are_pushed() {
    every_order(|| {
        let queue = Arc::new(PriorityQueue::new());
        let (first, second) = (popped(&queue), popped(&queue));
        queue.push(1, 'a').expect("it is open");
        queue.push(2, 'b').expect("it is open");
        let mut taken = [first, second].map(|it| it.join().expect("it ends"));
        taken.sort_unstable();
        assert_eq!(taken, [Some('a'), Some('b')]);
    });
}

#[test]
fn closing_ends_those_that_wait() {
    every_order(|| {
        let queue = Arc::new(PriorityQueue::new());
        let waits = popped(&queue);
        queue.push(1, 'a').expect("it is open");
        queue.close();
        let here = block_on(queue.pop());
        let there = waits.join().expect("it ends");
        assert!(matches!(
            (here, there),
            (Some('a'), None) | (None, Some('a'))
        ));
    });
}
