use std::sync::Arc;

trait Store {
    async fn price(&self, item: &str) -> u32;
}

fn ask<S: Store + Send + Sync + 'static>(store: Arc<S>) {
    tokio::spawn(async move { store.price("tea").await });
}

struct Shelf;

impl Store for Shelf {
    async fn price(&self, item: &str) -> u32 {
        item.len() as u32
    }
}

#[tokio::main]
async fn main() {
    ask(Arc::new(Shelf));
}
