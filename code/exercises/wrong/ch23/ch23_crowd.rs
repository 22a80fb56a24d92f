//! Wrong: a line below the `.await` isn't reached when the future is dropped there, so visitors
//! whose connection breaks still leave a task.

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

/// Serves a visitor until they leave, and pings them every 30 seconds.
async fn serve(leaves: oneshot::Receiver<()>, pings: mpsc::UnboundedSender<()>) {
    let helper = tokio::spawn(ping(pings));
    let _ = leaves.await;
    helper.abort();
}

fn main() {}
