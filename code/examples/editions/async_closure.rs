//! Whether async closures and `AsyncFn` need the new edition.

async fn twice(action: impl AsyncFn()) {
    action().await;
    action().await;
}

fn main() {
    drop(twice(async || ()));
}
// 2021: runs
// 2024: runs
