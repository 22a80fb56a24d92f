//! Wrong: this handle stops its task when it is dropped.

use std::panic::resume_unwind;
use tokio_util::task::AbortOnDropHandle;

pub async fn shield<T, F>(work: F) -> T
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    match AbortOnDropHandle::new(tokio::spawn(work)).await {
        Ok(value) => value,
        Err(error) => resume_unwind(error.into_panic()),
    }
}

fn main() {
    // You can experiment here; the tests decide.
}
