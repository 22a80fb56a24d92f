//! Wrong: asks for the identity inside the task, where it is gone.

use tokio::task::JoinHandle;

tokio::task_local! {
    /// The identity of the request that this code works for.
    pub static REQUEST: u64;
}

/// What the log prints in front of each line.
pub fn request() -> Option<u64> {
    REQUEST.try_with(|id| *id).ok()
}

pub fn spawn_in_request<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(async {
        match request() {
            Some(id) => REQUEST.scope(id, future).await,
            None => future.await,
        }
    })
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test]
    async fn a_child_works_for_the_request_of_its_parent() {
        let child = REQUEST.scope(7, async { spawn_in_request(async { request() }).await });
        assert_eq!(child.await.unwrap(), Some(7));
    }

    #[tokio::test]
    async fn a_grandchild_does_too() {
        let family = REQUEST.scope(7, async {
            spawn_in_request(async { spawn_in_request(async { request() }).await }).await
        });
        assert_eq!(family.await.unwrap().unwrap(), Some(7));
    }

    #[tokio::test]
    async fn two_requests_are_kept_apart() {
        let first = REQUEST.sync_scope(1, || spawn_in_request(async { request() }));
        let second = REQUEST.sync_scope(2, || spawn_in_request(async { request() }));
        assert_eq!(first.await.unwrap(), Some(1));
        assert_eq!(second.await.unwrap(), Some(2));
    }

    #[tokio::test]
    async fn outside_of_a_request_there_is_none() {
        assert_eq!(spawn_in_request(async { request() }).await.unwrap(), None);
    }
}
