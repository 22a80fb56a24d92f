//! Wrong: it reads all books that can be read, and still doesn't say which it could not: the total is
//! too small, and looks like a total.

use tokio::task::JoinSet;

#[derive(Clone, Copy)]
struct Shop {
    name: &'static str,
    /// Reads the day's takings from the shop's book. Panics if the book is damaged.
    read: fn() -> u64,
}

/// The day's takings of all shops, or the names of those whose book could not be read.
async fn total(shops: &[Shop]) -> Result<u64, Vec<&'static str>> {
    let mut reading = JoinSet::new();
    for shop in shops.iter().copied() {
        reading.spawn(async move { (shop.read)() });
    }
    let mut total = 0;
    while let Some(read) = reading.join_next().await {
        if let Ok(takings) = read {
            total += takings;
        }
    }
    Ok(total)
}

fn main() {}
