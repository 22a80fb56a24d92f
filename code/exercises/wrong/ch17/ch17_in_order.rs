//! Wrong: in `buffered`, a result that waits for its turn keeps its place.

use futures::{StreamExt, stream};

/// Runs `jobs`, `at_once` at a time. The jobs do not panic.
async fn run_all<J>(jobs: Vec<J>, at_once: usize) -> Vec<J::Output>
where
    J: Future<Output: Send + 'static> + Send + 'static,
{
    // A result that waits for its turn keeps its place.
    stream::iter(jobs).buffered(at_once).collect().await
}

fn main() {}
