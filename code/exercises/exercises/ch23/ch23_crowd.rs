//! Lab 3. "Memory grows by a few hundred bytes with each visitor, and the number of tasks is
//! that of all visitors we ever had. It is worst for those whose connection breaks."
//!
//! Find which task stays, and give it an owner. When a connection breaks, the server drops
//! the future that `serve` has returned.

use tokio::sync::{mpsc, oneshot};
#[allow(unused_imports)]
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};

async fn ping(pings: mpsc::UnboundedSender<()>) {
    loop {
        sleep(Duration::from_secs(30)).await;
        let _ = pings.send(());
    }
}

// TODO: find the task that stays, and give it an owner.
/// Serves a visitor until they leave, and pings them every 30 seconds.
async fn serve(leaves: oneshot::Receiver<()>, pings: mpsc::UnboundedSender<()>) {
    tokio::spawn(ping(pings));
    let _ = leaves.await;
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::Handle;

    fn alive() -> usize {
        Handle::current().metrics().num_alive_tasks()
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_visitor_is_pinged_while_they_stay() {
        let (leave, leaves) = oneshot::channel();
        let (pings, mut pinged) = mpsc::unbounded_channel();
        let serving = tokio::spawn(serve(leaves, pings));
        sleep(Duration::from_secs(100)).await;
        leave.send(()).unwrap();
        serving.await.unwrap();
        let mut times = 0;
        while pinged.recv().await.is_some() {
            times += 1;
            assert!(times <= 3, "pinged after they left");
        }
        assert_eq!(times, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_visitor_who_leaves_leaves_no_task() {
        for _visitor in 0..10 {
            let (leave, leaves) = oneshot::channel();
            let (pings, _pinged) = mpsc::unbounded_channel();
            leave.send(()).unwrap();
            serve(leaves, pings).await;
        }
        sleep(Duration::from_secs(1)).await;
        assert_eq!(alive(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_broken_connection_leaves_no_task() {
        for _visitor in 0..10 {
            let (_leave, leaves) = oneshot::channel();
            let (pings, _pinged) = mpsc::unbounded_channel();
            let serving = tokio::spawn(serve(leaves, pings));
            sleep(Duration::from_secs(1)).await;
            serving.abort();
        }
        sleep(Duration::from_secs(1)).await;
        assert_eq!(alive(), 0);
    }
}
