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
