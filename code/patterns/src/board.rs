//! A blackboard: facts that tasks post under a topic, and wait for.
//!
//! Sources post without knowing who reads, and readers wait without knowing who posts.
//! The newest fact of a topic replaces the one before it, and a reader that comes late sees
//! what is known: the board is a state, not a stream of messages.
//!
//! Take a channel if each message must be handled once, or if none may be missed.

use std::collections::BTreeMap;

use tokio::sync::watch;

/// What is known, by topic.
pub type Facts<V> = BTreeMap<String, V>;

// ANCHOR: board
/// Facts under topics, for tasks to post and to wait for.
#[derive(Debug)]
pub struct Board<V> {
    facts: watch::Sender<Facts<V>>,
}

impl<V: Clone> Board<V> {
    /// A board on which nothing is known.
    pub fn new() -> Board<V> {
        Board {
            facts: watch::Sender::new(Facts::new()),
        }
    }

    /// Posts a fact, in place of an older one of this topic, and wakes those that wait.
    pub fn post(&self, topic: impl Into<String>, fact: V) {
        self.facts.send_modify(|facts| {
            facts.insert(topic.into(), fact);
        });
    }

    /// The newest fact of a topic, if one is known.
    pub fn get(&self, topic: &str) -> Option<V> {
        self.facts.borrow().get(topic).cloned()
    }

    /// Waits until `enough` finds on the board what it looks for, and returns what it found.
    /// It is called on what is known now, and again after each change that this task sees.
    ///
    /// Cancel safe: waiting takes nothing from the board.
    pub async fn wait_for<T>(&self, mut enough: impl FnMut(&Facts<V>) -> Option<T>) -> T {
        let mut facts = self.facts.subscribe();
        loop {
            // Marks what is seen as seen: a change after this line ends the wait below.
            if let Some(found) = enough(&facts.borrow_and_update()) {
                return found;
            }
            facts.changed().await.expect("the board owns the sender");
        }
    }
}
// ANCHOR_END: board

// ANCHOR: quorum
impl<V: Clone> Board<V> {
    /// Waits until `number` of the topics are known, and returns those that are.
    ///
    /// # Panics
    ///
    /// If there are fewer topics than `number`: that wait could not end.
    pub async fn wait_for_any(&self, number: usize, topics: &[&str]) -> Facts<V> {
        assert!(number <= topics.len(), "{number} of {}", topics.len());
        self.wait_for(|facts| {
            let known = topics.iter().filter_map(|topic| {
                let fact = facts.get(*topic)?;
                Some((topic.to_string(), fact.clone()))
            });
            let known: Facts<V> = known.collect();
            (known.len() >= number).then_some(known)
        })
        .await
    }
}
// ANCHOR_END: quorum

impl<V: Clone> Default for Board<V> {
    fn default() -> Board<V> {
        Board::new()
    }
}

#[cfg(test)]
mod tests {
    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready, assert_ready_eq};

    use super::*;
    use crate::cancel_at_every_await::cancel_at_every_await;

    #[test]
    fn a_fact_posted_before_the_wait_is_found() {
        let board = Board::new();
        board.post("load", 7);
        let mut wait = spawn(board.wait_for(|facts| facts.get("load").copied()));
        assert_ready_eq!(wait.poll(), 7);
    }

    #[test]
    fn a_fact_posted_during_the_wait_ends_it() {
        let board = Board::new();
        let mut wait = spawn(board.wait_for(|facts| facts.get("load").copied()));
        assert_pending!(wait.poll());
        board.post("load", 7);
        assert!(wait.is_woken());
        assert_ready_eq!(wait.poll(), 7);
    }

    #[test]
    fn the_newest_fact_of_a_topic_replaces_the_older() {
        let board = Board::new();
        board.post("load", 7);
        board.post("load", 8);
        assert_eq!(board.get("load"), Some(8));
        assert_eq!(board.get("heat"), None);
    }

    #[test]
    fn three_of_five_are_enough_and_two_are_not() {
        let board = Board::new();
        let topics = ["a", "b", "c", "d", "e"];
        let mut wait = spawn(board.wait_for_any(3, &topics));
        assert_pending!(wait.poll());
        board.post("a", 1);
        board.post("e", 5);
        board.post("another", 0);
        assert_pending!(wait.poll());
        board.post("c", 3);
        let known = assert_ready!(wait.poll());
        assert!(known.keys().eq(["a", "c", "e"]));
    }

    #[test]
    fn a_waiter_that_is_dropped_takes_nothing() {
        let board = Board::new();
        let mut given_up = spawn(board.wait_for(|facts| facts.get("load").copied()));
        assert_pending!(given_up.poll());
        board.post("load", 7);
        drop(given_up);
        let mut wait = spawn(board.wait_for(|facts| facts.get("load").copied()));
        assert_ready_eq!(wait.poll(), 7);
    }

    #[tokio::test]
    #[should_panic(expected = "3 of 2")]
    async fn more_than_all_is_refused() {
        Board::<u32>::new().wait_for_any(3, &["a", "b"]).await;
    }

    #[test]
    fn a_wait_that_is_dropped_anywhere_leaves_the_facts_for_the_next() {
        let points = cancel_at_every_await(async |cut| {
            let board = std::sync::Arc::new(Board::new());
            let source = std::sync::Arc::clone(&board);
            tokio::spawn(async move {
                source.post("a", 1);
                tokio::task::yield_now().await;
                source.post("b", 2);
            });
            let known = match cut.run(board.wait_for_any(2, &["a", "b"])).await {
                Some(known) => known,
                None => board.wait_for_any(2, &["a", "b"]).await,
            };
            assert!(known.keys().eq(["a", "b"]));
        });
        assert!(points > 0);
    }
}
