//! Wrong: the permit is around the retry, so a call that waits keeps others out.

use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

const APART: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(1);

async fn call(
    permits: &Semaphore,
    deadline: Instant,
    mut request: impl AsyncFnMut() -> Option<u32>,
) -> Option<u32> {
    let _permit = permits.try_acquire().ok()?; // once, for the whole call
    for attempt in 1..=3 {
        if let Ok(Some(answer)) = timeout(LIMIT, request()).await {
            return Some(answer);
        }
        if attempt == 3 || deadline <= Instant::now() + APART {
            break;
        }
        sleep(APART).await;
    }
    None
}

fn main() {}
