//! How a worker works.

use std::time::Duration;

use crate::broker::Claim;
use crate::invalid::Invalid;
use crate::name::{QueueName, WorkerId};
use crate::retry::{Backoff, Budget, STANDARD};
use crate::scale::{Bounds, Law};

/// How a worker works. [`Settings::standard`] fills in what most want.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The queues to serve, in turn.
    pub queues: Vec<QueueName>,
    /// The process.
    pub id: WorkerId,
    /// How many jobs to run at once.
    pub scale: Law,
    /// How long a job stays with a worker that gives no sign of life. A killed worker's jobs start
    /// elsewhere within this time and a second.
    pub lease: Duration,
    /// How long a handler may take to stop when it is told to, before it is aborted.
    pub grace: Duration,
    /// How long running jobs may go on after a shutdown has begun.
    pub drain: Duration,
    /// How long, at the very end, to try to report the last ends.
    pub flush: Duration,
    /// How long failed jobs wait.
    pub backoff: Backoff,
    /// How many retries the process may cause.
    pub budget: Budget,
}

impl Settings {
    /// A lease of 10 s; 2 to 16 jobs a core, more when jobs wait for over 200 ms, fewer after 10 s
    /// of calm. At shutdown 20 s to drain, 2 s grace and 5 s to report: below the 30 s that Kubernetes
    /// and systemd give or more.
    pub fn standard(queues: Vec<QueueName>, id: WorkerId) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Self {
            queues,
            id,
            scale: Law {
                bounds: Bounds::of_cores(cores.try_into().unwrap_or(u32::MAX)),
                target: Duration::from_millis(200),
                calm: 20,
            },
            lease: Duration::from_secs(10),
            grace: Duration::from_secs(2),
            drain: Duration::from_secs(20),
            flush: Duration::from_secs(5),
            backoff: STANDARD,
            budget: Budget::STANDARD,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let Bounds { min, max } = self.scale.bounds;
        if min < 1 || max < min {
            let reason = format!("{min} to {max} is no range that begins at 1 or above");
            return Err(Invalid::new("concurrency", reason));
        }
        if self.queues.is_empty() {
            return Err(Invalid::new("queues", "a worker needs one"));
        }
        let claim = Claim {
            queues: self.queues.clone(),
            max: 1,
            worker: self.id.clone(),
            lease: self.lease,
        };
        claim.check()
    }
}
