#![deny(unused_must_use)]

use std::cell::Cell;

async fn save(saved: &Cell<u32>) {
    saved.set(saved.get() + 1);
}

#[tokio::main]
async fn main() {
    let saved = Cell::new(0);
    save(&saved);
    assert_eq!(saved.get(), 1);
}
