//! Wrong: gives the answers in the order in which they come.

use futures::{StreamExt, stream};

/// The answers, in the order of the names.
async fn look_up_all<F>(names: Vec<u64>, limit: usize, look_up: impl Fn(u64) -> F) -> Vec<u64>
where
    F: Future<Output = u64>,
{
    stream::iter(names)
        .map(look_up)
        .buffer_unordered(limit)
        .collect()
        .await
}

fn main() {}
