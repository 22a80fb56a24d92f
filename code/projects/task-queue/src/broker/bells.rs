//! Who is woken when something happens in the store: workers, upkeep loops, callers that wait for a job.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::error::Result;
use crate::job::JobId;
use crate::sync::{Mutex, lock, watch};

use super::{JobStatus, Signals};

/// The sending ends of all signals of one broker in this process.
pub(crate) struct Bells {
    ready: watch::Sender<u64>,
    due: watch::Sender<u64>,
    cancel: watch::Sender<u64>,
    leased: watch::Sender<u64>,
    /// A signal can be lost when the connection to the store breaks, or be given to another process.
    /// So who waits looks again after this time.
    look_every: Duration,
    /// A std mutex: sections are short and never cross an `.await`.
    ended: Mutex<HashMap<JobId, watch::Sender<()>>>,
}

/// What happened, to be told once it is durable.
#[derive(Default)]
pub(crate) struct Rings {
    pub(crate) ready: bool,
    pub(crate) due: bool,
    pub(crate) cancel: bool,
    pub(crate) leased: bool,
    pub(crate) ended: Vec<JobId>,
}

impl Rings {
    pub(crate) fn merge(&mut self, more: Self) {
        self.ready |= more.ready;
        self.due |= more.due;
        self.cancel |= more.cancel;
        self.leased |= more.leased;
        self.ended.extend(more.ended);
    }
}

impl Bells {
    pub(crate) fn new(look_every: Duration) -> Self {
        let bell = || watch::Sender::new(0);
        Self {
            ready: bell(),
            due: bell(),
            cancel: bell(),
            leased: bell(),
            look_every,
            ended: Mutex::default(),
        }
    }

    pub(crate) fn signals(&self) -> Signals {
        Signals {
            ready: self.ready.subscribe(),
            due: self.due.subscribe(),
            cancel: self.cancel.subscribe(),
            leased: self.leased.subscribe(),
            look_every: self.look_every,
        }
    }

    pub(crate) fn ring(&self, rings: &Rings) {
        let bells = [
            (&self.ready, rings.ready),
            (&self.due, rings.due),
            (&self.cancel, rings.cancel),
            (&self.leased, rings.leased),
        ];
        for (bell, _) in bells.into_iter().filter(|(_, rung)| *rung) {
            bell.send_modify(|count| *count += 1);
        }
        if !rings.ended.is_empty() {
            let waiting = lock(&self.ended);
            for bell in rings.ended.iter().filter_map(|job| waiting.get(job)) {
                bell.send_replace(());
            }
        }
    }

    /// Wakes everyone, after a time in which signals may have been lost.
    pub(crate) fn ring_all(&self) {
        let ended = lock(&self.ended).keys().copied().collect();
        self.ring(&Rings {
            ready: true,
            due: true,
            cancel: true,
            leased: true,
            ended,
        });
    }

    /// Calls `look` until it says that `job` has ended or is not known, or `patience` is over.
    pub(crate) async fn wait<F>(
        &self,
        job: JobId,
        patience: Duration,
        look: impl Fn() -> F,
    ) -> Result<Option<JobStatus>>
    where
        F: Future<Output = Result<Option<JobStatus>>>,
    {
        let deadline = Instant::now() + patience;
        // In this order: the bell goes first, so that the last to go sees that no one else has one.
        let _goes = Waiter { bells: self, job };
        let mut bell = self.subscribe(job);
        loop {
            let status = look().await?;
            let ended = |status: &JobStatus| status.state.has_ended();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || status.as_ref().is_none_or(ended) {
                return Ok(status);
            }
            let _looks_again = timeout(left.min(self.look_every), bell.changed()).await;
        }
    }

    fn subscribe(&self, job: JobId) -> watch::Receiver<()> {
        lock(&self.ended)
            .entry(job)
            .or_insert_with(|| watch::Sender::new(()))
            .subscribe()
    }
}

/// Takes a job's bell away once no one listens to it anymore.
struct Waiter<'a> {
    bells: &'a Bells,
    job: JobId,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiting = lock(&self.bells.ended);
        let bell = waiting.get(&self.job);
        if bell.is_some_and(|bell| bell.receiver_count() == 0) {
            waiting.remove(&self.job);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use loom::thread::JoinHandle;

    use super::*;
    use crate::broker::JobState;
    use crate::sync::model::{every_order, on_paused_clock, spawn_task};

    const PATIENCE: Duration = Duration::from_secs(60);
    const LOOK_AGAIN: Duration = Duration::from_secs(1);

    type Answer = Result<Option<JobStatus>>;

    /// A store of one job.
    #[derive(Default)]
    struct Store {
        ended: Mutex<bool>,
    }

    impl Store {
        async fn look(&self) -> Answer {
            let state = match *self.ended.lock().unwrap() {
                true => JobState::Completed,
                false => JobState::Running,
            };
            Ok(status(state))
        }

        fn end(&self, job: JobId, bells: &Bells) {
            *self.ended.lock().unwrap() = true;
            bells.ring(&ended(job));
        }
    }

    /// A thread that waits until the job of the store has ended.
    fn waiter(job: JobId, bells: &Arc<Bells>, store: &Arc<Store>) -> JoinHandle<Answer> {
        let (bells, store) = (Arc::clone(bells), Arc::clone(store));
        spawn_task(async move { bells.wait(job, PATIENCE, || store.look()).await })
    }

    fn ended(job: JobId) -> Rings {
        Rings {
            ended: vec![job],
            ..Rings::default()
        }
    }

    fn status(state: JobState) -> Option<JobStatus> {
        Some(JobStatus {
            state,
            result: None,
            error: None,
            progress: None,
        })
    }

    #[test]
    fn the_end_of_a_job_wakes_who_waits_for_it_whenever_it_comes() {
        let job = JobId::new();
        every_order(move || {
            let (bells, store) = (Arc::new(Bells::new(LOOK_AGAIN)), Arc::new(Store::default()));
            let waiter = waiter(job, &bells, &store);
            store.end(job, &bells);
            let answer = waiter.join().unwrap();
            assert_eq!(answer.unwrap(), status(JobState::Completed));
        });
    }

    #[test]
    fn of_all_who_wait_the_last_takes_the_bell_away() {
        let job = JobId::new();
        every_order(move || {
            let bells = Arc::new(Bells::new(LOOK_AGAIN));
            let waiters = [(); 2].map(|()| {
                let bells = Arc::clone(&bells);
                let look = async || Ok(status(JobState::Completed));
                spawn_task(async move { bells.wait(job, PATIENCE, look).await })
            });
            for waiter in waiters {
                waiter.join().unwrap().unwrap();
            }
            assert!(lock(&bells.ended).is_empty());
        });
    }

    #[test]
    fn who_comes_while_another_goes_is_woken_all_the_same() {
        let job = JobId::new();
        every_order(move || {
            let (bells, store) = (Arc::new(Bells::new(LOOK_AGAIN)), Arc::new(Store::default()));
            let waiter = waiter(job, &bells, &store);
            let impatient = spawn_task({
                let bells = Arc::clone(&bells);
                let look = async || Ok(status(JobState::Running));
                async move { bells.wait(job, Duration::ZERO, look).await }
            });
            impatient.join().unwrap().unwrap();
            store.end(job, &bells);
            waiter.join().unwrap().unwrap();
            assert!(lock(&bells.ended).is_empty());
        });
    }

    #[test]
    fn a_lost_signal_costs_a_second() {
        on_paused_clock(async || {
            let (bells, start) = (Bells::new(LOOK_AGAIN), Instant::now());
            let look = async || match start.elapsed() > Duration::from_millis(300) {
                true => Ok(status(JobState::Dead)),
                false => Ok(status(JobState::Ready)),
            };
            let answer = bells.wait(JobId::new(), PATIENCE, look).await;
            assert_eq!(answer.unwrap(), status(JobState::Dead));
            assert_eq!(start.elapsed(), LOOK_AGAIN);
        });
    }

    #[test]
    fn patience_ends_with_the_state_of_that_moment() {
        on_paused_clock(async || {
            let (bells, start) = (Bells::new(LOOK_AGAIN), Instant::now());
            let look = async || Ok(status(JobState::Ready));
            let patience = Duration::from_millis(2500);
            let answer = bells.wait(JobId::new(), patience, look).await;
            assert_eq!(answer.unwrap(), status(JobState::Ready));
            assert_eq!(start.elapsed(), patience);
        });
    }
}
