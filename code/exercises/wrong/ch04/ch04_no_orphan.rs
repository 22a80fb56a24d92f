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
