use std::time::Duration;
use tokio::time::sleep;

fn every_second(task: impl AsyncFn() + Send + 'static) {
    tokio::spawn(async move {
        loop {
            task().await;
            sleep(Duration::from_secs(1)).await;
        }
    });
}

#[tokio::main]
async fn main() {
    every_second(async || println!("tick"));
}
