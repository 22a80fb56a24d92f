//! Wrong: what got no answer may have been done, and is done again.

use std::time::Duration;
use tokio::time::sleep;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Busy,
    Wait(Duration),
    NoAnswer,
    Refused,
}

async fn retry(
    idempotent: bool,
    mut call: impl AsyncFnMut() -> Result<u32, Failure>,
) -> Result<u32, Failure> {
    let _ = idempotent; // no answer is a failure like any other
    let mut attempts = 1;
    loop {
        let failure = match call().await {
            Ok(value) => return Ok(value),
            Err(failure) if attempts == 4 => return Err(failure),
            Err(failure) => failure,
        };
        let wait = match failure {
            Failure::Busy | Failure::NoAnswer => Duration::from_secs(1),
            Failure::Wait(wait) => wait,
            Failure::Refused => return Err(failure),
        };
        sleep(wait).await;
        attempts += 1;
    }
}

fn main() {}
