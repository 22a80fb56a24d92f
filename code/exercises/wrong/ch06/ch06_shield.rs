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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot;
    use tokio::time::{sleep, timeout};

    const SECOND: Duration = Duration::from_secs(1);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn the_result_comes_back() {
        let work = async {
            sleep(SECOND).await;
            42
        };
        assert_eq!(shield(work).await, 42);
    }

    #[tokio::test(start_paused = true)]
    async fn the_work_goes_on_when_its_caller_has_given_up() {
        let (done, finished) = oneshot::channel();
        let work = async {
            sleep(2 * SECOND).await;
            done.send("charged").expect("the test listens");
        };
        assert!(timeout(SECOND, shield(work)).await.is_err());
        assert_eq!(finished.await, Ok("charged"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_of_the_work_is_a_panic_of_the_caller() {
        let caller = tokio::spawn(shield(async { panic!("no bank") }));
        let error = caller.await.map(|()| "no panic").unwrap_err();
        let panic = error.into_panic();
        assert_eq!(panic.downcast_ref(), Some(&"no bank"));
    }
}
