//! This server keeps the end of each handler until it stops, so its memory grows with every
//! connection that it has ever served. Take the ends as they come, also while nothing comes in,
//! and count the handlers that panicked.

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
    // TODO: take an end as soon as there is one.
    while let Some(handler) = incoming.recv().await {
        handlers.spawn(handler);
    }
    while let Some(end) = handlers.join_next().await {
        panics += usize::from(end.is_err());
    }
    panics
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::BoxFuture;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::{Instant, sleep};

    type Handler = BoxFuture<'static, Arc<()>>;

    /// Ends after so many seconds; what it returns stays alive until the server drops it.
    fn handler(seconds: u64, report: Arc<()>) -> Handler {
        Box::pin(async move {
            sleep(Duration::from_secs(seconds)).await;
            report
        })
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_while_the_server_waits() {
        let report = Arc::new(());
        let (connect, incoming) = mpsc::channel(8);
        let server = tokio::spawn(serve(incoming));
        for _ in 0..100 {
            let _sent = connect.send(handler(1, Arc::clone(&report))).await;
        }
        sleep(Duration::from_secs(10)).await;
        let kept = Arc::strong_count(&report) - 1;
        assert_eq!(kept, 0, "{kept} ends are kept");
        drop(connect);
        assert_eq!(server.await.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn panics_are_counted() {
        let (connect, incoming) = mpsc::channel::<Handler>(8);
        let server = tokio::spawn(serve(incoming));
        for _ in 0..3 {
            let _sent = connect.send(Box::pin(async { panic!("a bug") })).await;
        }
        let _sent = connect.send(handler(1, Arc::new(()))).await;
        sleep(Duration::from_secs(10)).await;
        drop(connect);
        assert_eq!(server.await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn handlers_are_waited_for_at_the_end() {
        let start = Instant::now();
        let (connect, incoming) = mpsc::channel(8);
        let _sent = connect.send(handler(60, Arc::new(()))).await;
        drop(connect);
        assert_eq!(serve(incoming).await, 0);
        assert_eq!(start.elapsed(), Duration::from_secs(60));
    }
}
