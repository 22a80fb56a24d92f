//! A gateway counts the requests that are under way at a server, and asks the one with the
//! fewest. Clients leave at any await; a panic in a request must not count forever, either.
//!
//! Complete `counted`: while `request` runs, `under_way` is one higher.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

async fn counted<T>(under_way: &AtomicU32, request: impl Future<Output = T>) -> T {
    let _one = One::more(under_way);
    request.await
}

struct One<'a>(&'a AtomicU32);

impl One<'_> {
    fn more(under_way: &AtomicU32) -> One<'_> {
        under_way.fetch_add(1, SeqCst);
        One(under_way)
    }
}

impl Drop for One<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::{Duration, sleep, timeout};

    async fn slow() -> &'static str {
        sleep(Duration::from_secs(5)).await;
        "tea"
    }

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test(start_paused = true)]
    async fn it_counts_while_the_request_runs() {
        let under_way = AtomicU32::new(0);
        let look = async {
            sleep(Duration::from_secs(1)).await;
            under_way.load(SeqCst)
        };
        let both = tokio::join!(
            counted(&under_way, slow()),
            counted(&under_way, slow()),
            look
        );
        assert_eq!(both, ("tea", "tea", 2));
        assert_eq!(under_way.load(SeqCst), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_leaves_is_counted_no_more() {
        let under_way = AtomicU32::new(0);
        let patience = Duration::from_secs(1);
        assert!(
            timeout(patience, counted(&under_way, slow()))
                .await
                .is_err()
        );
        assert_eq!(under_way.load(SeqCst), 0);
    }

    #[tokio::test]
    async fn a_request_that_panics_is_counted_no_more() {
        static UNDER_WAY: AtomicU32 = AtomicU32::new(0);
        let task = tokio::spawn(counted(&UNDER_WAY, async { panic!("as it should") }));
        assert!(task.await.is_err_and(|error| error.is_panic()));
        assert_eq!(UNDER_WAY.load(SeqCst), 0);
    }
}
