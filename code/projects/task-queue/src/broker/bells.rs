//! Who is woken when something happens in the store: workers, upkeep loops, callers that wait for a job.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::error::BrokerError;
use crate::job::JobId;

use super::{JobStatus, Signals};

/// A signal can be lost when the connection to the store breaks, or be given to another process.
/// So who waits for a job looks again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The sending ends of all signals of one broker in this process.
pub(crate) struct Bells {
    ready: watch::Sender<u64>,
    due: watch::Sender<u64>,
    cancel: watch::Sender<u64>,
    /// A std mutex: sections are short and never cross an `.await`.
    ended: Mutex<HashMap<JobId, watch::Sender<()>>>,
}

/// What happened, to be told once it is durable.
#[derive(Default)]
pub(crate) struct Rings {
    pub(crate) ready: bool,
    pub(crate) due: bool,
    pub(crate) cancel: bool,
    pub(crate) ended: Vec<JobId>,
}

impl Rings {
    pub(crate) fn merge(&mut self, more: Self) {
        self.ready |= more.ready;
        self.due |= more.due;
        self.cancel |= more.cancel;
        self.ended.extend(more.ended);
    }
}

impl Bells {
    pub(crate) fn new() -> Self {
        let bell = || watch::Sender::new(0);
        Self {
            ready: bell(),
            due: bell(),
            cancel: bell(),
            ended: Mutex::default(),
        }
    }

    pub(crate) fn signals(&self) -> Signals {
        Signals {
            ready: self.ready.subscribe(),
            due: self.due.subscribe(),
            cancel: self.cancel.subscribe(),
        }
    }

    pub(crate) fn ring(&self, rings: &Rings) {
        let bells = [
            (&self.ready, rings.ready),
            (&self.due, rings.due),
            (&self.cancel, rings.cancel),
        ];
        for (bell, _) in bells.into_iter().filter(|(_, rung)| *rung) {
            bell.send_modify(|count| *count += 1);
        }
        if !rings.ended.is_empty() {
            let waiting = self.waiting();
            for bell in rings.ended.iter().filter_map(|job| waiting.get(job)) {
                bell.send_replace(());
            }
        }
    }

    /// Wakes everyone, after a time in which signals may have been lost.
    pub(crate) fn ring_all(&self) {
        self.ring(&Rings {
            ready: true,
            due: true,
            cancel: true,
            ended: Vec::new(),
        });
        for bell in self.waiting().values() {
            bell.send_replace(());
        }
    }

    /// Calls `look` until it says that `job` has ended or is not known, or `patience` is over.
    pub(crate) async fn wait<F>(
        &self,
        job: JobId,
        patience: Duration,
        look: impl Fn() -> F,
    ) -> Result<Option<JobStatus>, BrokerError>
    where
        F: Future<Output = Result<Option<JobStatus>, BrokerError>>,
    {
        let deadline = Instant::now() + patience;
        let mut waiter = Waiter {
            bells: self,
            job,
            bell: self.subscribe(job),
        };
        loop {
            let status = look().await?;
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero()
                || status
                    .as_ref()
                    .is_none_or(|status| status.state.has_ended())
            {
                return Ok(status);
            }
            let _looks_again = timeout(left.min(LOOK_AGAIN), waiter.bell.changed()).await;
        }
    }

    fn subscribe(&self, job: JobId) -> watch::Receiver<()> {
        self.waiting()
            .entry(job)
            .or_insert_with(|| watch::Sender::new(()))
            .subscribe()
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<JobId, watch::Sender<()>>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a job's bell while somebody waits for it.
struct Waiter<'a> {
    bells: &'a Bells,
    job: JobId,
    bell: watch::Receiver<()>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiting = self.bells.waiting();
        if waiting
            .get(&self.job)
            .is_some_and(|bell| bell.receiver_count() == 1)
        {
            waiting.remove(&self.job);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::JobState;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn status(state: JobState) -> Option<JobStatus> {
        Some(JobStatus {
            state,
            result: None,
            error: None,
            progress: None,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_is_woken_by_the_bell_and_leaves_nothing_behind() {
        let (bells, job, ended) = (Bells::new(), JobId::new(), AtomicBool::new(false));
        let look = async || {
            let ended = ended.load(Ordering::Relaxed);
            Ok(status(if ended {
                JobState::Completed
            } else {
                JobState::Running
            }))
        };
        let start = Instant::now();
        let end = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            ended.store(true, Ordering::Relaxed);
            bells.ring(&Rings {
                ended: vec![job],
                ..Rings::default()
            });
        };
        let (answer, ()) = tokio::join!(bells.wait(job, Duration::from_secs(60), look), end);
        assert_eq!(answer.unwrap(), status(JobState::Completed));
        assert_eq!(start.elapsed(), Duration::from_millis(300));
        assert!(bells.waiting().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_signal_costs_a_second() {
        let (bells, start) = (Bells::new(), Instant::now());
        let look = async || {
            let ended = start.elapsed() > Duration::from_millis(300);
            Ok(status(if ended {
                JobState::Dead
            } else {
                JobState::Ready
            }))
        };
        let answer = bells
            .wait(JobId::new(), Duration::from_secs(60), look)
            .await;
        assert_eq!(answer.unwrap(), status(JobState::Dead));
        assert_eq!(start.elapsed(), LOOK_AGAIN);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_with_the_state_of_that_moment() {
        let (bells, start) = (Bells::new(), Instant::now());
        let look = async || Ok(status(JobState::Ready));
        let answer = bells
            .wait(JobId::new(), Duration::from_millis(2500), look)
            .await;
        assert_eq!(answer.unwrap(), status(JobState::Ready));
        assert_eq!(start.elapsed(), Duration::from_millis(2500));
    }
}
