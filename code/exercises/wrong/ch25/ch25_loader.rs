//! Wrong: a key that two have asked for is queried twice, and answered once.

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
    let mut batch = Vec::new();
    while questions.recv_many(&mut batch, MOST).await > 0 {
        let keys: Vec<u32> = batch
            .iter()
            .map(|question: &Question| question.key)
            .collect();
        let mut names = table.query(&keys).await;
        for Question { key, answer } in batch.drain(..) {
            let _ = answer.send(names.remove(&key)); // the second one gets None
        }
    }
}

fn main() {}
