use tokio::sync::Mutex;

/// Does all jobs, and returns how many turns it took. A job of more than 10 is cut in two.
async fn work(jobs: &Mutex<Vec<u32>>) -> u32 {
    let mut turns = 0;
    loop {
        let job = jobs.lock().await.pop();
        let Some(job) = job else { return turns };
        turns += 1;
        if job > 10 {
            jobs.lock().await.push(job - 10);
        }
    }
}

fn main() {}

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
