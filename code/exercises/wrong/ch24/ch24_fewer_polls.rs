//! Wrong: the results come in the order of their ends.

use futures::stream::{FuturesUnordered, StreamExt};

/// Runs all children at once, and returns their results in the order of `children`.
async fn all<F: Future>(children: Vec<F>) -> Vec<F::Output> {
    children
        .into_iter()
        .collect::<FuturesUnordered<_>>()
        .collect()
        .await
}

fn main() {}
