use std::time::Duration;
use tokio::time::{Instant, interval, sleep, sleep_until, timeout};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    sleep(SECOND).await;
    sleep_until(start + 2 * SECOND).await;

    let mut ticks = interval(SECOND);
    ticks.tick().await;
    ticks.tick().await;

    assert!(timeout(SECOND / 2, sleep(SECOND)).await.is_err());
    assert!(timeout(SECOND, sleep(SECOND / 4)).await.is_ok());
    assert_eq!(start.elapsed(), Duration::from_millis(3750));
}
