//! Wrong: knows one of the two types that a panic's message can have.

use tokio::task::JoinHandle;

/// How a task ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// With the value that it was to compute.
    Value(u32),
    /// With an error of its own.
    Failed(String),
    /// In a panic with this message.
    Panicked(String),
    /// It was stopped before it had a result.
    Cancelled,
}

pub async fn end_of(task: JoinHandle<Result<u32, String>>) -> End {
    match task.await {
        Ok(Ok(value)) => End::Value(value),
        Ok(Err(error)) => End::Failed(error),
        Err(error) if error.is_panic() => {
            let payload = error.into_panic();
            let message = payload.downcast_ref::<&str>().unwrap_or(&"");
            End::Panicked(message.to_string())
        }
        Err(_) => End::Cancelled,
    }
}

fn main() {}
