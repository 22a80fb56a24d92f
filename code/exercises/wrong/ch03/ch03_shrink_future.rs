//! Wrong: a callee that takes the page keeps it across the `.await` just the same.

use tokio::task::yield_now;

pub async fn checksum(seed: u8) -> u32 {
    sum_later([seed; 16 * 1024]).await
}

async fn sum_later(page: [u8; 16 * 1024]) -> u32 {
    yield_now().await;
    page.iter().map(|&byte| u32::from(byte)).sum()
}

fn main() {}
