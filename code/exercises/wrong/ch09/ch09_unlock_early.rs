//! Wrong: a `match` keeps the guard of its head through its arms, as `while let` does.

use tokio::sync::Mutex;

/// Does all jobs, and returns how many turns it took. A job of more than 10 is cut in two.
async fn work(jobs: &Mutex<Vec<u32>>) -> u32 {
    let mut turns = 0;
    loop {
        match jobs.lock().await.pop() {
            Some(job) => {
                turns += 1;
                if job > 10 {
                    jobs.lock().await.push(job - 10);
                }
            }
            None => return turns,
        }
    }
}

fn main() {}
