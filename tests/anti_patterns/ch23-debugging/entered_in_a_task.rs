use tokio::task::yield_now;
use tracing::info_span;

async fn order() {
    let _entered = info_span!("order").entered();
    yield_now().await;
}

#[tokio::main]
async fn main() {
    tokio::spawn(order()).await.unwrap();
}
