//! Wrong: returns with the error, which drops the set: its tasks are aborted, and not gone yet.

use tokio::task::JoinSet;

/// Runs each job as a task. Returns their values in the order in which they end, or the
/// first error; by then no job is left.
async fn all_or_nothing<T, E, F>(jobs: Vec<F>) -> Result<Vec<T>, E>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let mut tasks: JoinSet<_> = jobs.into_iter().collect();
    let mut values = Vec::new();
    while let Some(end) = tasks.join_next().await {
        values.push(end.expect("jobs do not panic")?);
    }
    Ok(values)
}

fn main() {}
