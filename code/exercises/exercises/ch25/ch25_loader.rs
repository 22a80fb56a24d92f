//! Functions ask for users, one each. A loader answers all that have gathered with one query, in
//! which each number stands once.
//!
//! Complete `answer_all`, the loader's task. It ends when there's no one left to ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

/// Keys in a query at most.
const MOST: usize = 50;

/// Users 0 to 99. Clones are the same table.
#[derive(Clone, Default)]
struct Table {
    /// The keys of each query.
    queries: Arc<Mutex<Vec<Vec<u32>>>>,
}

impl Table {
    async fn query(&self, keys: &[u32]) -> HashMap<u32, String> {
        self.queries.lock().unwrap().push(keys.to_vec());
        sleep(Duration::from_millis(10)).await;
        let known = keys.iter().filter(|key| **key < 100);
        known.map(|key| (*key, format!("user {key}"))).collect()
    }
}

struct Question {
    key: u32,
    answer: oneshot::Sender<Option<String>>,
}

/// The name of a user, by way of the loader.
async fn load(questions: &mpsc::Sender<Question>, key: u32) -> Option<String> {
    let (answer, name) = oneshot::channel();
    let sent = questions.send(Question { key, answer }).await;
    assert!(sent.is_ok(), "the loader has stopped");
    name.await.expect("each question is answered")
}

async fn answer_all(table: Table, mut questions: mpsc::Receiver<Question>) {
    // TODO: take what is there, query each key once, answer all.
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use futures::future::join_all;
    use tokio::time::timeout;

    fn start() -> (mpsc::Sender<Question>, Table) {
        let (questions, asked) = mpsc::channel(1_000);
        let table = Table::default();
        tokio::spawn(answer_all(table.clone(), asked));
        (questions, table)
    }

    fn sizes(table: &Table) -> Vec<usize> {
        table.queries.lock().unwrap().iter().map(Vec::len).collect()
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn twenty_questions_are_one_query() {
        let (questions, table) = start();
        let names = join_all((0..20).map(|key| load(&questions, key))).await;
        assert_eq!(names[7].as_deref(), Some("user 7"));
        assert_eq!(sizes(&table), [20]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_query_has_too_many_keys() {
        let (questions, table) = start();
        join_all((0..90).map(|key| load(&questions, key))).await;
        assert_eq!(sizes(&table), [50, 40]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_asked_for_twice_is_queried_once_and_answered_twice() {
        let (questions, table) = start();
        let names = join_all([3, 4, 3].map(|key| load(&questions, key))).await;
        assert_eq!(names[0], names[2]);
        assert_eq!(names[0].as_deref(), Some("user 3"));
        assert_eq!(sizes(&table), [2]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_user_has_no_name() {
        let (questions, _) = start();
        assert_eq!(load(&questions, 100).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_asker_who_leaves_harms_no_one() {
        let (questions, _) = start();
        let limit = Duration::from_millis(1);
        assert!(timeout(limit, load(&questions, 1)).await.is_err());
        assert_eq!(load(&questions, 2).await.as_deref(), Some("user 2"));
    }
}
