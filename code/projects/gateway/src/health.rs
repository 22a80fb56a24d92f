//! Asks servers whether they're well, beside the traffic.

use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::body::Body;
use crate::config::Check;
use crate::pool::Pool;
use crate::upstream::{Server, Upstream};

/// An answer must come in this time, or within the interval if that's shorter.
const LIMIT: Duration = Duration::from_secs(2);

// ANCHOR: streak
/// Good or bad answers in a row. It takes `rise` or `fall` of them to change what's believed, so
/// that a server on the edge doesn't flap.
#[derive(Clone, Copy, Debug)]
pub struct Streak {
    well: bool,
    /// Answers in a row that say otherwise.
    against: u32,
}

impl Streak {
    /// Believes this at first.
    pub fn new(well: bool) -> Streak {
        let against = 0;
        Streak { well, against }
    }

    /// Counts an answer, and says what to believe.
    pub fn count(&mut self, good: bool, rise: u32, fall: u32) -> bool {
        self.against = if good == self.well {
            0
        } else {
            self.against + 1
        };
        if self.against >= if good { rise } else { fall } {
            *self = Streak::new(good);
        }
        self.well
    }
}
// ANCHOR_END: streak

/// Starts the checks of a group. They end with `stop`.
pub fn watch(upstream: &Upstream, stop: &CancellationToken) {
    let Some(check) = &upstream.says.check else {
        return;
    };
    for server in &upstream.servers {
        let asking = ask_again_and_again(Arc::clone(server), check.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(asking));
    }
}

async fn ask_again_and_again(server: Arc<Server>, check: Check) {
    let mut streak = Streak::new(server.is_well());
    loop {
        // A tenth more or less: many gateways shall not ask in the same moment.
        sleep(check.every.mul_f64(0.9 + 0.2 * fastrand::f64())).await;
        let answer = timeout(LIMIT.min(check.every), ask(&server, &check)).await;
        let good = matches!(answer, Ok(Ok(true)));
        let well = streak.count(good, check.rise, check.fall);
        if well != server.is_well() {
            info!(server = %server.address, well, "health");
        }
        server.set_well(well);
    }
}

async fn ask(server: &Server, check: &Check) -> anyhow::Result<bool> {
    let (mut sender, _) = Pool::default().get(server.address, LIMIT).await?;
    let request = Request::get(&check.path)
        .header("host", server.address.to_string())
        .header("connection", "close")
        .body(Body::empty())?;
    let answer = sender.send_request(request).await?;
    Ok(answer.status().as_u16() == check.status)
}
