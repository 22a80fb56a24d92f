//! Each connection runs a heartbeat beside its work.
//! It must end with the connection, in whatever way that ends: by returning, by an
//! error, or by being dropped in the middle of a wait.
//!
//! Complete `Heartbeat`, so that its users have nothing to remember.

use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;

async fn beat(beats: UnboundedSender<&'static str>) {
    loop {
        if beats.send("beat").is_err() {
            return;
        }
        sleep(Duration::from_secs(5)).await;
    }
}

/// Beats at once and then every five seconds, for as long as this value exists.
pub struct Heartbeat {
    // TODO: what does it have to keep?
}

impl Heartbeat {
    pub fn start(beats: UnboundedSender<&'static str>) -> Self {
        // TODO: run `beat` beside the caller, until the value is dropped.
        todo!()
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::Handle;
    use tokio::sync::mpsc::unbounded_channel;
    use tokio::task::yield_now;
    use tokio::time::timeout;

    const MINUTE: Duration = Duration::from_secs(60);

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test(start_paused = true)]
    async fn beats_while_its_owner_works() {
        let (beats, received) = unbounded_channel();
        let _heartbeat = Heartbeat::start(beats);
        sleep(Duration::from_secs(11)).await;
        assert_eq!(received.len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn stops_when_its_owner_is_done() {
        let (beats, received) = unbounded_channel();
        let heartbeat = Heartbeat::start(beats);
        sleep(Duration::from_secs(1)).await;
        drop(heartbeat);
        sleep(MINUTE).await;
        assert_eq!(received.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn stops_when_its_owner_is_dropped_half_way() {
        let (beats, received) = unbounded_channel();
        let request = async {
            let _heartbeat = Heartbeat::start(beats);
            sleep(MINUTE).await;
        };
        assert!(timeout(Duration::from_secs(11), request).await.is_err());
        sleep(MINUTE).await;
        assert_eq!(received.len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_requests_leave_no_task_behind() {
        for _ in 0..1_000 {
            let (beats, _received) = unbounded_channel();
            let _heartbeat = Heartbeat::start(beats);
            yield_now().await;
        }
        yield_now().await;
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    }
}
