use std::time::Duration;

use tokio::runtime::Builder;

fn main() {
    for seconds in [5, 3] {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime starts");
        runtime.block_on(async { tokio::time::sleep(Duration::from_secs(seconds)).await });
    }
}
