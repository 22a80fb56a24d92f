trait Store {
    async fn price(&self, item: &str) -> u32;
}

struct Shelf;

impl Store for Shelf {
    async fn price(&self, item: &str) -> u32 {
        item.len() as u32
    }
}

#[tokio::main]
async fn main() {
    let stores: Vec<Box<dyn Store>> = vec![Box::new(Shelf)];
    for store in &stores {
        assert_eq!(store.price("tea").await, 3);
    }
}
