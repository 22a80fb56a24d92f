//! Wrong: the last attempt may take longer than what remains.

use std::time::Duration;
use tokio::time::{Instant, timeout};

#[derive(Debug, PartialEq, Eq)]
struct GaveUp {
    attempts: u32,
}

/// The first success of `call`, which is tried again until `deadline`.
async fn retry<T, E>(
    deadline: Instant,
    at_most: Duration,
    useful: Duration,
    mut call: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, GaveUp> {
    let mut attempts = 0;
    // The last attempt begins with a useful rest and may take longer than that rest.
    while Instant::now() + useful <= deadline {
        attempts += 1;
        if let Ok(Ok(value)) = timeout(at_most, call()).await {
            return Ok(value);
        }
    }
    Err(GaveUp { attempts })
}

fn main() {}
