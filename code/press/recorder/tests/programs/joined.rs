use std::time::Duration;
use tokio::time::sleep;

async fn after(seconds: u64) -> Result<u64, u64> {
    sleep(Duration::from_secs(seconds)).await;
    if seconds == 2 { Err(seconds) } else { Ok(seconds) }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (one, two) = tokio::join!(after(1), after(2));
    assert_eq!((one, two), (Ok(1), Err(2)));

    let failed = tokio::try_join!(after(5), after(2), after(1));
    assert_eq!(failed, Err(2));
}
