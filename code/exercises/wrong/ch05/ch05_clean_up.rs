//! Wrong: aborts the siblings, so that nothing of them runs anymore, not even their clean-up.

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Waits until all `steps` have ended. At the first error it cancels `stop`, which the steps
/// listen to, and lets them undo what they have begun. Returns every error, as they came.
async fn all_or_undone(
    stop: CancellationToken,
    mut steps: JoinSet<Result<(), String>>,
) -> Vec<String> {
    let mut errors = Vec::new();
    while let Some(end) = steps.join_next().await {
        if let Err(error) = end.expect("steps do not panic") {
            errors.push(error);
            stop.cancel();
            steps.shutdown().await;
        }
    }
    errors
}

fn main() {}
