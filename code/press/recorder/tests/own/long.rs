#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    for _ in 0..150 {
        tokio::task::yield_now().await;
    }
}
