//! Wrong: keeps a handle, but dropping a handle stops nothing.

use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio::time::sleep;

async fn beat(beats: UnboundedSender<&'static str>) {
    loop {
        if beats.send("beat").is_err() {
            return;
        }
        sleep(Duration::from_secs(5)).await;
    }
}

pub struct Heartbeat {
    _task: JoinHandle<()>,
}

impl Heartbeat {
    pub fn start(beats: UnboundedSender<&'static str>) -> Self {
        Self {
            _task: tokio::spawn(beat(beats)),
        }
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
