//! A job may leave a rest that has to be done later, so the worker puts it back on the list.
//! It freezes at the first rest.
//!
//! Change `work` so that the list is free while a job is handled.

use tokio::sync::Mutex;

/// Does all jobs, and returns how many turns it took. A job of more than 10 is cut in two.
async fn work(jobs: &Mutex<Vec<u32>>) -> u32 {
    let mut turns = 0;
    // TODO: until when is the guard of this line alive?
    while let Some(job) = jobs.lock().await.pop() {
        turns += 1;
        if job > 10 {
            jobs.lock().await.push(job - 10);
        }
    }
    turns
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::timeout;

    const HOUR: Duration = Duration::from_secs(3600);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn it_comes_to_an_end() {
        let jobs = Mutex::new(vec![25]);
        assert_eq!(timeout(HOUR, work(&jobs)).await, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn it_leaves_nothing_on_the_list() {
        let jobs = Mutex::new(vec![5, 12, 31]);
        assert_eq!(timeout(HOUR, work(&jobs)).await, Ok(1 + 2 + 4));
        assert!(jobs.lock().await.is_empty());
    }
}
