//! A broker in memory that keeps the contract, on Tokio's clock, and does harm on command.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use task_queue::broker::{
    Claim, Enqueued, Extended, Finish, Finished, Heartbeat, JobStatus, Lease, LeaseKey, Leases,
    Progress, Signals, Stats, Upkeep, WorkerReport,
};
use task_queue::error::BrokerError;
use task_queue::job::{JobId, NewJob, Start};
use task_queue::name::WorkerId;
use tokio::sync::watch;
use tokio::time::{self, Instant};

use store::{Job, Place, Store};

mod store;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Claim,
    Extend,
    Finish,
    Upkeep,
    Stats,
    Report,
}

/// What happens to a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is not done, and fails.
    Away,
    /// It is done, and fails all the same.
    AnswerLost,
    /// It is done so much later.
    Slow(Duration),
}

#[derive(Clone)]
pub struct Scripted(Arc<Inner>);

struct Inner {
    store: Mutex<Store>,
    script: Mutex<Script>,
    ready: watch::Sender<u64>,
    cancel: watch::Sender<u64>,
    due: watch::Sender<u64>,
}

#[derive(Default)]
struct Script {
    faults: BTreeMap<Call, VecDeque<Fault>>,
    away_until: Option<Instant>,
    calls: Vec<(Call, usize)>,
    reports: Vec<WorkerReport>,
}

impl Scripted {
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            store: Mutex::new(Store::new()),
            script: Mutex::default(),
            ready: watch::Sender::new(0),
            cancel: watch::Sender::new(0),
            due: watch::Sender::new(0),
        }))
    }

    /// The next calls of this kind meet these faults, one each.
    pub fn script(&self, call: Call, faults: impl IntoIterator<Item = Fault>) {
        let mut script = self.0.script.lock().unwrap();
        script.faults.entry(call).or_default().extend(faults);
    }

    /// Every call fails for so long.
    pub fn go_away(&self, span: Duration) {
        self.0.script.lock().unwrap().away_until = Some(Instant::now() + span);
    }

    /// Another worker takes the job over, as if its lease had run out.
    pub fn steal(&self, job: JobId) {
        let mut store = self.store();
        store.token += 1;
        let token = store.token;
        store.place(job, |_| Place::Running {
            token,
            until: Instant::now() + Duration::from_secs(3600),
        });
    }

    /// Results longer than this are refused.
    pub fn limit_results(&self, bytes: usize) {
        self.store().result_limit = bytes;
    }

    /// How many jobs or leases each call of this kind was about, in the order of the calls.
    pub fn calls(&self, wanted: Call) -> Vec<usize> {
        let script = self.0.script.lock().unwrap();
        let calls = script.calls.iter().filter(|(call, _)| *call == wanted);
        calls.map(|&(_, size)| size).collect()
    }

    pub fn reports(&self) -> Vec<WorkerReport> {
        self.0.script.lock().unwrap().reports.clone()
    }

    pub fn progress(&self, job: JobId) -> Option<Progress> {
        self.store().jobs[&job].progress.clone()
    }

    pub fn status(&self, job: JobId) -> JobStatus {
        self.store().jobs[&job].status()
    }

    pub fn cancel(&self, job: JobId) {
        self.store().jobs.get_mut(&job).unwrap().cancel_requested = true;
        self.0.cancel.send_modify(|n| *n += 1);
    }

    /// How often the job was completed: more than once is a fault of the contract.
    pub fn completions(&self, job: JobId) -> u32 {
        self.store().jobs[&job].completions
    }

    /// All jobs have ended.
    pub async fn all_ended(&self) {
        let ended = |job: &Job| job.status().state.has_ended();
        while !self.store().jobs.values().all(ended) {
            time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.store.lock().unwrap()
    }

    async fn call<T>(
        &self,
        call: Call,
        size: usize,
        act: impl FnOnce(&mut Store) -> Result<T, BrokerError>,
    ) -> Result<T, BrokerError> {
        let away = || BrokerError::Unavailable("by script".to_owned());
        let (fault, is_away) = {
            let mut script = self.0.script.lock().unwrap();
            script.calls.push((call, size));
            let fault = script.faults.get_mut(&call).and_then(VecDeque::pop_front);
            let is_away = script
                .away_until
                .is_some_and(|until| Instant::now() < until);
            (fault, is_away)
        };
        if is_away {
            return Err(away());
        }
        match fault {
            None => act(&mut self.store()),
            Some(Fault::Away) => Err(away()),
            Some(Fault::AnswerLost) => act(&mut self.store()).and_then(|_| Err(away())),
            Some(Fault::Slow(span)) => {
                time::sleep(span).await;
                act(&mut self.store())
            }
        }
    }
}

impl Leases for Scripted {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, BrokerError> {
        let mut store = self.store();
        let answers = jobs.into_iter().map(|new| {
            let id = new.id;
            let place = match new.start {
                Start::In(delay) => Place::Delayed(Instant::now() + delay),
                Start::Now | Start::At(_) => Place::Ready(store.now()),
            };
            store.line.push_back(id);
            store.jobs.insert(id, Job::new(new, place));
            Enqueued::New(id)
        });
        let answers = answers.collect();
        self.0.ready.send_modify(|n| *n += 1);
        self.0.due.send_modify(|n| *n += 1);
        Ok(answers)
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Lease>, BrokerError> {
        let max = claim.max;
        self.call(Call::Claim, max, |store| Ok(store.claim(&claim)))
            .await
    }

    async fn extend(
        &self,
        beats: Vec<Heartbeat>,
        lease: Duration,
    ) -> Result<Vec<Extended>, BrokerError> {
        let size = beats.len();
        let extend = |store: &mut Store| {
            Ok(beats
                .into_iter()
                .map(|beat| store.extend(beat, lease))
                .collect())
        };
        self.call(Call::Extend, size, extend).await
    }

    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Finished>, BrokerError> {
        let size = finishes.len();
        let finish = |store: &mut Store| {
            store.check_results(&finishes)?;
            Ok(finishes
                .into_iter()
                .map(|finish| store.finish(finish))
                .collect())
        };
        let answer = self.call(Call::Finish, size, finish).await;
        self.0.ready.send_modify(|n| *n += 1);
        self.0.due.send_modify(|n| *n += 1);
        answer
    }

    async fn held(&self, _: WorkerId) -> Result<Vec<LeaseKey>, BrokerError> {
        Ok(self.store().held())
    }

    async fn upkeep(&self, _limit: usize) -> Result<Upkeep, BrokerError> {
        let upkeep = self.call(Call::Upkeep, 0, |store| Ok(store.upkeep()));
        let done = upkeep.await?;
        self.0.ready.send_modify(|n| *n += 1);
        Ok(done)
    }

    async fn stats(&self) -> Result<Stats, BrokerError> {
        self.call(Call::Stats, 0, |store| Ok(store.stats())).await
    }

    async fn report_worker(&self, report: WorkerReport, _: Duration) -> Result<(), BrokerError> {
        self.call(Call::Report, 1, |_| Ok(())).await?;
        self.0.script.lock().unwrap().reports.push(report);
        Ok(())
    }

    fn signals(&self) -> Signals {
        Signals {
            ready: self.0.ready.subscribe(),
            due: self.0.due.subscribe(),
            cancel: self.0.cancel.subscribe(),
            leased: self.0.due.subscribe(),
            look_every: Duration::from_secs(1),
        }
    }
}
