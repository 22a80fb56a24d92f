//! Turns many questions for one thing each into few questions for many.
//!
//! You want it where code asks for rows one by one, each from its own place, and one query could
//! answer all of them: the author of each comment, the price of each article. While a query is
//! under way, the keys for the next one gather; there's no timer, and a lone question goes at once.
//!
//! Keys that are asked for several times are fetched once a batch. Nothing is kept beyond that:
//! put a cache before it if old answers will do.
//!
//! Source: the idea and its name are those of [DataLoader](https://github.com/graphql/dataloader).

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use tokio::sync::{mpsc, oneshot};

/// Questions that wait for the next query. More make their askers wait.
const QUEUE: usize = 1_024;

// ANCHOR: loader
/// A cheap-to-clone handle to the task that asks, which stops with its last handle.
#[derive(Debug)]
pub struct Loader<K, V, E>(mpsc::Sender<Question<K, V, E>>);

#[derive(Debug)]
struct Question<K, V, E> {
    key: K,
    reply: oneshot::Sender<Result<Option<V>, E>>,
}

/// Why there's no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError<E> {
    /// The query that was to answer this failed.
    #[error(transparent)]
    Query(E),
    /// The query panicked, or the runtime ends.
    #[error("the loader has stopped")]
    Stopped,
}

impl<K, V, E> Loader<K, V, E>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Clone + Send + 'static,
{
    /// Spawns a task that calls `query` with up to `most` different keys, one batch at a time.
    /// A key that isn't in its answer has no value.
    pub fn spawn<F>(most: usize, query: impl Fn(Vec<K>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<HashMap<K, V>, E>> + Send,
    {
        let (questions, mut asked) = mpsc::channel::<Question<K, V, E>>(QUEUE);
        tokio::spawn(async move {
            let mut batch = Vec::new();
            while asked.recv_many(&mut batch, most).await > 0 {
                batch.retain(|question| !question.reply.is_closed()); // the asker has gone
                let keys: HashSet<K> = batch.iter().map(|one| one.key.clone()).collect();
                if keys.is_empty() {
                    continue;
                }
                let found = query(keys.into_iter().collect()).await;
                for Question { key, reply } in batch.drain(..) {
                    let answer = found.as_ref().map(|rows| rows.get(&key).cloned());
                    // It fails if the asker has gone, which is no reason to stop.
                    let _ = reply.send(answer.map_err(E::clone));
                }
            }
        });
        Loader(questions)
    }

    /// The value of `key`, by the next query.
    ///
    /// Cancel safe: a question that is dropped before its query begins isn't asked.
    ///
    /// # Errors
    ///
    /// What the query returns, to all whose keys were in it.
    pub async fn load(&self, key: K) -> Result<Option<V>, LoadError<E>> {
        let (reply, answer) = oneshot::channel();
        let question = Question { key, reply };
        let sent = self.0.send(question).await;
        sent.map_err(|_stopped| LoadError::Stopped)?;
        let answer = answer.await.map_err(|_stopped| LoadError::Stopped)?;
        answer.map_err(LoadError::Query)
    }
}
// ANCHOR_END: loader

impl<K, V, E> Clone for Loader<K, V, E> {
    fn clone(&self) -> Self {
        Loader(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::future::join_all;
    use tokio::time::{Duration, Instant, sleep};

    use super::*;

    const QUERY: Duration = Duration::from_millis(10);

    type Batches = Arc<Mutex<Vec<usize>>>;

    /// Even numbers have a square; 13 brings the whole query down, and 666 makes it panic.
    fn squares(most: usize) -> (Loader<u32, u32, &'static str>, Batches) {
        let batches = Batches::default();
        let seen = Arc::clone(&batches);
        let loader = Loader::spawn(most, move |keys: Vec<u32>| {
            seen.lock().expect("no panic").push(keys.len());
            async move {
                sleep(QUERY).await;
                assert!(!keys.contains(&666));
                if keys.contains(&13) {
                    return Err("unlucky");
                }
                let even = keys.into_iter().filter(|key| key % 2 == 0);
                Ok(even.map(|key| (key, key * key)).collect())
            }
        });
        (loader, batches)
    }

    fn sizes(batches: &Batches) -> Vec<usize> {
        batches.lock().expect("no panic").clone()
    }

    #[tokio::test(start_paused = true)]
    async fn questions_of_one_moment_are_one_query() {
        let (start, (loader, batches)) = (Instant::now(), squares(100));
        let found = join_all((20..40).map(|key| loader.load(key))).await;
        for (key, found) in (20..).zip(found) {
            assert_eq!(found, Ok((key % 2 == 0).then_some(key * key)));
        }
        assert_eq!((start.elapsed(), sizes(&batches)), (QUERY, vec![20]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_query_has_no_more_keys_than_allowed_and_each_of_them_once() {
        let (loader, batches) = squares(8);
        join_all((0..20).map(|key| loader.load(key))).await;
        assert_eq!(sizes(&batches), [8, 8, 4]);
        join_all((0..6).map(|key| loader.load(key % 2))).await;
        assert_eq!(sizes(&batches)[3..], [2]);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_gather_while_a_query_is_under_way() {
        let (loader, batches) = squares(100);
        let later = async {
            sleep(QUERY / 2).await;
            join_all((2..7).map(|key| loader.load(key))).await
        };
        let (first, _) = tokio::join!(loader.load(0), later);
        assert_eq!((first, sizes(&batches)), (Ok(Some(0)), vec![1, 5]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_query_fails_its_batch_and_not_the_next() {
        let (loader, _) = squares(100);
        let (one, two) = tokio::join!(loader.load(13), loader.load(2));
        assert_eq!(one, Err(LoadError::Query("unlucky")));
        assert_eq!(two, Err(LoadError::Query("unlucky")));
        assert_eq!(loader.load(2).await, Ok(Some(4)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_was_dropped_in_time_is_not_asked() {
        let (loader, batches) = squares(100);
        let busy = async { loader.load(0).await };
        let dropped = async {
            sleep(QUERY / 5).await;
            let limit = QUERY / 5;
            assert!(tokio::time::timeout(limit, loader.load(2)).await.is_err());
        };
        let _ = tokio::join!(busy, dropped);
        assert_eq!(loader.load(4).await, Ok(Some(16)));
        assert_eq!(sizes(&batches), [1, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_panic_it_says_that_it_has_stopped() {
        let (loader, _) = squares(100);
        assert_eq!(loader.load(666).await, Err(LoadError::Stopped));
        assert_eq!(loader.load(2).await, Err(LoadError::Stopped));
    }
}
