//! Wrong: `buffered` keeps the order by keeping places.

use futures::stream::{self, StreamExt};

pub async fn map_bounded<T, R, F>(items: Vec<T>, n: usize, work: impl Fn(T) -> F) -> Vec<R>
where
    F: Future<Output = R>,
{
    stream::iter(items)
        .map(work)
        .buffered(n.max(1))
        .collect()
        .await
}

fn main() {
    // You can experiment here; the tests decide.
}
