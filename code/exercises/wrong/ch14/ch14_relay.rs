//! Wrong: takes a job before there is room for it, and drops it with the `send`.

use tokio::sync::mpsc::{Receiver, Sender};
use tokio_util::sync::CancellationToken;

/// Passes jobs on, in order, until there are no more or `stop` is canceled.
async fn relay(inbox: &mut Receiver<u32>, outbox: &Sender<u32>, stop: &CancellationToken) {
    loop {
        let job = tokio::select! {
            () = stop.cancelled() => return,
            job = inbox.recv() => job,
        };
        let Some(job) = job else { return };
        tokio::select! {
            () = stop.cancelled() => return,
            sent = outbox.send(job) => if sent.is_err() { return },
        }
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;
    use tokio::time::{Duration, Instant, sleep, timeout};

    const HOUR: Duration = Duration::from_secs(3600);

    /// An inbox with the jobs 0, 1, 2, whose sender has gone.
    async fn three_jobs() -> Receiver<u32> {
        let (sender, inbox) = mpsc::channel(3);
        for job in 0..3 {
            sender.send(job).await.unwrap();
        }
        inbox
    }

    fn left(queue: &mut Receiver<u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.try_recv().ok()).collect()
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn all_jobs_are_passed_on_in_order() {
        let (mut inbox, stop) = (three_jobs().await, CancellationToken::new());
        let (outbox, mut sent) = mpsc::channel(4);
        let relay = relay(&mut inbox, &outbox, &stop);
        timeout(HOUR, relay).await.expect("there are no more jobs");
        assert_eq!(left(&mut sent), [0, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn when_it_is_stopped_each_job_is_here_or_there() {
        let (mut inbox, stop) = (three_jobs().await, CancellationToken::new());
        let (outbox, mut sent) = mpsc::channel(1);
        let signal = async {
            sleep(Duration::from_secs(1)).await;
            stop.cancel();
        };
        let both = async { tokio::join!(relay(&mut inbox, &outbox, &stop), signal) };
        timeout(HOUR, both).await.expect("it was told to stop");
        let (sent, left) = (left(&mut sent), left(&mut inbox));
        assert_eq!([sent, left].concat(), [0, 1, 2], "each job once");
    }

    #[tokio::test(start_paused = true)]
    async fn it_stops_at_once_although_there_is_no_room() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let (mut inbox, stop) = (three_jobs().await, CancellationToken::new());
        let (outbox, _sent) = mpsc::channel(1);
        let signal = async {
            sleep(second).await;
            stop.cancel();
        };
        let both = async { tokio::join!(relay(&mut inbox, &outbox, &stop), signal) };
        timeout(HOUR, both).await.expect("it was told to stop");
        assert_eq!(start.elapsed(), second);
    }

    #[tokio::test(start_paused = true)]
    async fn it_stops_while_there_is_nothing_to_do() {
        let (stop, (_sender, mut inbox)) = (CancellationToken::new(), mpsc::channel(1));
        let (outbox, _sent) = mpsc::channel(1);
        stop.cancel();
        let relay = relay(&mut inbox, &outbox, &stop);
        timeout(HOUR, relay).await.expect("it was told to stop");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_taken_that_cannot_be_passed_on() {
        let (mut inbox, stop) = (three_jobs().await, CancellationToken::new());
        let (outbox, sent) = mpsc::channel(1);
        drop(sent);
        let relay = relay(&mut inbox, &outbox, &stop);
        timeout(HOUR, relay).await.expect("there is no receiver");
        assert_eq!(left(&mut inbox), [0, 1, 2]);
    }
}
