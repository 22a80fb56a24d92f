use std::time::Duration;
use tokio::runtime::Builder;
use tokio::time::sleep;

fn main() {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let worker = runtime.spawn(async {
        sleep(Duration::from_secs(1)).await;
        3
    });
    let first = runtime.block_on(async { worker.await.unwrap() });
    let second = runtime.block_on(async {
        sleep(Duration::from_secs(1)).await;
        4
    });
    assert_eq!(first + second, 7);
}
