trait Store {
    async fn price(&self, item: &str) -> u32;
}

struct Shelf;

impl Store for Shelf {
    async fn price(&self, item: &str) -> u32 {
        item.len() as u32
    }
}

fn ask<S>(store: S)
where
    S: Store<price(..): Send> + Send + 'static,
{
    tokio::spawn(async move { store.price("tea").await });
}

#[tokio::main]
async fn main() {
    ask(Shelf);
}
