#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    tracing_subscriber::fmt::init();
    tracing::info!("nobody hears this");
    tokio::task::yield_now().await;
}
