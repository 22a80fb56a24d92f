use std::time::Duration;
use tokio::time::sleep;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let fails = tokio::spawn(async { panic!("no such file") });
    assert!(fails.await.unwrap_err().is_panic());

    let unborn = tokio::spawn(async { sleep(HOUR).await });
    unborn.abort();
    assert!(unborn.await.unwrap_err().is_cancelled());

    let sleeper = tokio::spawn(async { sleep(HOUR).await });
    tokio::task::yield_now().await;
    sleeper.abort();
    assert!(sleeper.await.unwrap_err().is_cancelled());

    let forgotten = tokio::spawn(async { sleep(HOUR).await });
    tokio::task::yield_now().await;
    drop(forgotten);
}
