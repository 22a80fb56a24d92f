//! Step 1: a channel with a worker at its other end. It loses what it has promised.
//!
//! ```console
//! $ cargo run -p task-queue --example task-queue-1-channel
//! ```

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// With more jobs than this in line, a sender waits.
const QUEUE: usize = 100;
/// How long the mail server takes.
const MAIL: Duration = Duration::from_millis(400);

#[tokio::main]
async fn main() {
    let (queue, jobs) = mpsc::channel(QUEUE);
    for user in ["ada", "grace", "mary"] {
        let sent = queue.send(user.to_owned()).await;
        sent.expect("the receiver is in `jobs`");
        println!("{user}: your mail is on its way");
    }
    let power_cut = timeout(MAIL * 3 / 2, work(jobs, send_mail)).await;
    assert!(power_cut.is_err(), "the worker has not ended");
}

/// Runs each job that comes through the channel.
async fn work<F>(mut jobs: mpsc::Receiver<String>, run: impl Fn(String) -> F)
where
    F: Future<Output = ()>,
{
    while let Some(user) = jobs.recv().await {
        run(user).await;
    }
}

async fn send_mail(user: String) {
    sleep(MAIL).await;
    println!("{user}: sent");
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn two_of_three_promises_are_lost_with_the_worker() {
        let (queue, jobs) = mpsc::channel(QUEUE);
        for user in ["ada", "grace", "mary"] {
            queue.send(user.to_owned()).await.unwrap();
        }
        let mailbox = Arc::new(Mutex::new(Vec::new()));
        let run = |user| async {
            sleep(MAIL).await;
            mailbox.lock().unwrap().push(user);
        };
        let _killed = timeout(MAIL * 3 / 2, work(jobs, run)).await;
        assert_eq!(*mailbox.lock().unwrap(), ["ada"]);
        assert!(queue.is_closed(), "the other two are gone with the channel");
    }
}
