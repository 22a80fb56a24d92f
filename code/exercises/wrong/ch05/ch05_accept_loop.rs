//! Wrong: takes the ends when something comes in; what ends after that stays until the next comes.

use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Handles what comes in, each in a task of its own, until no more can come. Returns how many
/// handlers panicked. While it waits, it keeps nothing of handlers that have ended.
async fn serve<T, F>(mut incoming: mpsc::Receiver<F>) -> usize
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut handlers = JoinSet::new();
    let mut panics = 0;
    while let Some(handler) = incoming.recv().await {
        while let Some(end) = handlers.try_join_next() {
            panics += usize::from(end.is_err());
        }
        handlers.spawn(handler);
    }
    while let Some(end) = handlers.join_next().await {
        panics += usize::from(end.is_err());
    }
    panics
}

fn main() {}
