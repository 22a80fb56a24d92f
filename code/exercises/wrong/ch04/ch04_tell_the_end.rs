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

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::task::yield_now;

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test]
    async fn a_value_and_an_error_of_its_own_are_two_ends() {
        let value = tokio::spawn(async { Ok(7) });
        assert_eq!(end_of(value).await, End::Value(7));
        let failed = tokio::spawn(async { Err("disk full".to_string()) });
        assert_eq!(end_of(failed).await, End::Failed("disk full".to_string()));
    }

    #[tokio::test]
    async fn a_panic_keeps_its_message() {
        let panicked = tokio::spawn(async { panic!("on fire") });
        assert_eq!(end_of(panicked).await, End::Panicked("on fire".into()));
    }

    #[tokio::test]
    async fn a_formatted_panic_keeps_its_message_too() {
        let sensor = 3;
        let panicked = tokio::spawn(async move { panic!("sensor {sensor}") });
        assert_eq!(end_of(panicked).await, End::Panicked("sensor 3".into()));
    }

    #[tokio::test]
    async fn a_stopped_task_is_cancelled() {
        let stopped = tokio::spawn(pending());
        stopped.abort();
        assert_eq!(end_of(stopped).await, End::Cancelled);
    }

    #[tokio::test]
    async fn a_task_stopped_too_late_still_has_its_value() {
        let late = tokio::spawn(async { Ok(7) });
        yield_now().await;
        late.abort();
        assert_eq!(end_of(late).await, End::Value(7));
    }
}
