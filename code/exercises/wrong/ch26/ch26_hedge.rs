//! Wrong: the loser is a task of its own, and goes on after its handle is dropped.

use std::time::Duration;

/// The first answer of one or two requests.
async fn hedge<F>(usual: Duration, request: impl Fn() -> F) -> u32
where
    F: Future<Output = u32> + Send + 'static,
{
    let mut first = tokio::spawn(request());
    if let Ok(answer) = tokio::time::timeout(usual, &mut first).await {
        return answer.unwrap();
    }
    let second = tokio::spawn(request());
    tokio::select! {
        answer = first => answer.unwrap(),
        answer = second => answer.unwrap(),
    }
}

fn main() {}
