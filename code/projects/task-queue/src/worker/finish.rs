//! Tells the store how attempts ended, many with one call.
//!
//! While one call is under way, further ends collect, and go together with the next: the busier
//! the worker, the larger the batches, and nothing waits for company when there is none.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::broker::{BATCH_LIMIT, Finish, Finished, Leases, Outcome};
use crate::error::{BrokerError, Result};
use crate::retry::RetryBudget;

use super::attempt::Ended;
use super::{Shared, Summary};
use crate::outage::{Outage, within};

pub(super) struct Finisher<B> {
    broker: B,
    shared: Arc<Shared>,
    ends: mpsc::Receiver<Ended>,
    /// Stop trying to reach the store.
    give_up: CancellationToken,
    budget: RetryBudget,
    outage: Outage,
    summary: Summary,
}

impl<B: Leases> Finisher<B> {
    pub(super) fn new(
        broker: &B,
        shared: &Arc<Shared>,
        ends: mpsc::Receiver<Ended>,
        give_up: CancellationToken,
    ) -> Self {
        Self {
            broker: broker.clone(),
            ends,
            give_up,
            budget: RetryBudget::new(shared.settings.budget, Instant::now()),
            outage: Outage::new("finish", &shared.metrics),
            summary: Summary::default(),
            shared: Arc::clone(shared),
        }
    }

    /// Goes on until every attempt has ended, or it has to give up.
    pub(super) async fn run(mut self) -> Summary {
        while let Some(first) = self.ends.recv().await {
            // Who is about to end as well may do so first.
            tokio::task::yield_now().await;
            let mut batch = vec![first];
            while batch.len() < BATCH_LIMIT
                && let Ok(ended) = self.ends.try_recv()
            {
                batch.push(ended);
            }
            self.settle(batch).await;
        }
        self.summary
    }

    async fn settle(&mut self, batch: Vec<Ended>) {
        let now = Instant::now();
        let mut finishes = Vec::with_capacity(batch.len());
        let mut told = Vec::with_capacity(batch.len());
        for mut ended in batch {
            self.count(&ended);
            let key = ended.key;
            let Some(mut outcome) = ended.outcome.take() else {
                self.shared.running.remove([key]);
                continue;
            };
            if let Outcome::Retry { after, .. } = &mut outcome {
                *after = self.pause(&ended, now);
            }
            finishes.push(Finish { key, outcome });
            told.push(ended);
        }
        if finishes.is_empty() {
            return;
        }
        match self.tell(&finishes).await {
            Ok(answers) => self.answered(&told, &answers),
            // One of them breaks a rule of the store (a result that is too long, say) and keeps the
            // others out, so each goes by itself.
            Err(error) => {
                for (ended, finish) in told.iter().zip(finishes) {
                    self.tell_one(ended, finish, &error).await;
                }
            }
        }
        let keys = told.iter().map(|ended| ended.key);
        self.shared.running.remove(keys);
    }

    /// Sends a batch again and again until the store answers or refuses it. It is sent even after the
    /// lease is over: then the token decides, and if no one has taken the job yet, the work counts.
    async fn tell(&mut self, finishes: &[Finish]) -> Result<Vec<Finished>> {
        let patience = self.shared.settings.lease;
        loop {
            let call = within(patience, self.broker.finish(finishes.to_vec()));
            let Some(answer) = self.give_up.run_until_cancelled(call).await else {
                return Err(BrokerError::unavailable("the worker has stopped waiting"));
            };
            if let Err(BrokerError::Invalid(_) | BrokerError::Closed) = answer {
                return answer;
            }
            match self.outage.heard(answer) {
                Ok(answers) => return Ok(answers),
                Err(pause) => self.give_up.run_until_cancelled(time::sleep(pause)).await,
            };
        }
    }

    async fn tell_one(&mut self, ended: &Ended, mut finish: Finish, why: &BrokerError) {
        let mut answer = Err(());
        if matches!(why, BrokerError::Invalid(_)) {
            answer = self.tell(std::slice::from_ref(&finish)).await.map_err(drop);
            if answer.is_err() {
                // It would break the rule again with every attempt.
                error!(job = %ended.key.job, error = %why, "the store does not take this result");
                let error = why.to_string();
                finish.outcome = Outcome::Dead { error };
                answer = self.tell(&[finish]).await.map_err(drop);
            }
        }
        match answer {
            Ok(answers) => self.answered(std::slice::from_ref(ended), &answers),
            Err(()) => {
                self.summary.unreported += 1;
                warn!(job = %ended.key.job, "the end of this job could not be reported");
            }
        }
    }

    fn count(&mut self, ended: &Ended) {
        let (metrics, summary) = (&ended.task.metrics, &mut self.summary);
        summary.attempts += 1;
        if ended.panicked {
            metrics.panics.inc();
            summary.panics += 1;
        }
        if ended.timed_out {
            metrics.timeouts.inc();
            summary.timeouts += 1;
        }
        if ended.abandoned {
            self.shared.metrics.abandoned().inc();
            summary.abandoned += 1;
        }
        if ended.outcome.is_none() {
            self.shared.metrics.leases_lost().inc();
            summary.leases_lost += 1;
        }
    }

    /// How long a failed job waits.
    fn pause(&mut self, ended: &Ended, now: Instant) -> Duration {
        let backoff = &self.shared.settings.backoff;
        let pause = backoff.full_jitter(ended.attempt, fastrand::f64());
        match ended.attempt < ended.max_attempts {
            true => pause + self.budget.withdraw(now),
            false => pause,
        }
    }

    fn answered(&mut self, told: &[Ended], answers: &[Finished]) {
        let summary = &mut self.summary;
        for (ended, answer) in told.iter().zip(answers) {
            match answer {
                Finished::Completed => {
                    self.budget.deposit();
                    summary.completed += 1;
                }
                Finished::Retrying => {
                    ended.task.metrics.retries.inc();
                    summary.retried += 1;
                }
                Finished::Dead => summary.dead += 1,
                Finished::Canceled => summary.canceled += 1,
                Finished::Released => summary.released += 1,
                Finished::LeaseLost => {
                    self.shared.metrics.leases_lost().inc();
                    summary.leases_lost += 1;
                }
            }
        }
    }
}
