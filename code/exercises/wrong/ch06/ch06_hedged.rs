//! Wrong: the timeout drops the primary, which might still have won.

use std::time::Duration;
use tokio::time::timeout;

pub async fn hedged<T, E>(
    primary: impl Future<Output = Result<T, E>>,
    backup: impl Future<Output = Result<T, E>>,
    delay: Duration,
) -> Result<T, E> {
    match timeout(delay, primary).await {
        Ok(Ok(value)) => Ok(value),
        _ => backup.await,
    }
}

fn main() {
    // You can experiment here; the tests decide.
}
