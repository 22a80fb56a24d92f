//! Any interleaving of what senders, workers, people and the clock can do, held against a model that
//! is small enough to be seen to be right: nothing is lost, nothing ends twice, only the holder of the
//! present lease can move a job, and priorities keep their bound.

mod expected;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use task_queue::broker::{
    Broker, Cancel, Extended, Finished, JobState, LeaseKey, Leases, Options, Outcome,
};
use task_queue::job::{JobId, NewJob, Start};
use tokio::runtime::Runtime;

use crate::stores::{Redis, Sqlite, Store};
use crate::support::*;
use expected::Model;
use testbed::redis::Redis as Server;

pub const LIMITS: Options = Options {
    max_recoveries: 2,
    recovery_spread: Duration::ZERO,
    ..OPTIONS
};
pub const ATTEMPTS: u32 = 2;

/// Jobs and leases are named by a number, taken modulo how many there are.
#[derive(Clone, Debug)]
enum Step {
    Enqueue {
        priority: u8,
        delay: u64,
    },
    Claim {
        max: usize,
    },
    Beat {
        lease: usize,
    },
    Finish {
        lease: usize,
        outcome: usize,
        delay: u64,
    },
    /// Workers crash by never being heard of again: their leases are never finished.
    Advance {
        secs: i64,
    },
    Upkeep,
    Pause(bool),
    Cancel {
        job: usize,
    },
    Requeue {
        letters: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..10_u8, prop_oneof![3 => Just(0), 1 => 1..20_u64])
            .prop_map(|(priority, delay)| Step::Enqueue { priority, delay }),
        4 => (1..4_usize).prop_map(|max| Step::Claim { max }),
        1 => any::<usize>().prop_map(|lease| Step::Beat { lease }),
        4 => (any::<usize>(), 0..5_usize, 0..8_u64)
            .prop_map(|(lease, outcome, delay)| Step::Finish { lease, outcome, delay }),
        2 => (1..15_i64).prop_map(|secs| Step::Advance { secs }),
        1 => (-40..-1_i64).prop_map(|secs| Step::Advance { secs }),
        3 => Just(Step::Upkeep),
        1 => any::<bool>().prop_map(Step::Pause),
        1 => any::<usize>().prop_map(|job| Step::Cancel { job }),
        1 => (1..3_usize).prop_map(|letters| Step::Requeue { letters }),
    ]
}

struct Run<S: Store> {
    store: S,
    broker: S::Broker,
    model: Model,
    leases: Vec<LeaseKey>,
    jobs: Vec<JobId>,
}

impl<S: Store> Run<S> {
    fn new(store: S) -> Self {
        let broker = store.broker();
        Self {
            store,
            broker,
            model: Model::default(),
            leases: Vec::new(),
            jobs: Vec::new(),
        }
    }

    async fn run(mut self, steps: Vec<Step>) {
        for step in steps {
            self.step(step).await;
            self.model.check_numbers(&self.broker).await;
        }
        self.drain().await;
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Enqueue { priority, delay } => self.enqueue(priority, delay).await,
            Step::Claim { max } => self.claim(max).await,
            Step::Beat { lease } => {
                if let Some(key) = pick(&self.leases, lease) {
                    let answer = self.broker.extend(vec![beat(key)], LEASE).await.unwrap()[0];
                    let expected = match self.model.beat(key) {
                        None => Extended::Lost,
                        Some(true) => Extended::CancelRequested,
                        Some(false) => Extended::Held,
                    };
                    assert_eq!(answer, expected, "{key:?}");
                }
            }
            Step::Finish {
                lease,
                outcome,
                delay,
            } => {
                if let Some(key) = pick(&self.leases, lease) {
                    let delay = secs(delay);
                    let outcomes = [
                        done(),
                        retry(delay),
                        dead(),
                        Outcome::Released,
                        Outcome::Canceled,
                    ];
                    self.finish(key, outcomes[outcome].clone()).await;
                }
            }
            Step::Advance { secs } => self.advance(secs),
            Step::Upkeep => self.upkeep().await,
            Step::Pause(paused) => {
                self.broker.pause(queue("q"), paused).await.unwrap();
                self.model.paused = paused;
            }
            Step::Cancel { job } => {
                if let Some(job) = pick(&self.jobs, job) {
                    let answer = self.broker.cancel(job).await.unwrap();
                    assert_eq!(answer, self.model.cancel(job));
                    assert_ne!(answer, Cancel::Unknown);
                }
            }
            Step::Requeue { letters } => {
                let select = oldest(letters);
                let answer = self.broker.requeue(select).await.unwrap();
                let mut requeued = Vec::new();
                for (_, job) in self.model.dead() {
                    let status = self.broker.wait(job, Duration::ZERO).await.unwrap();
                    if status.is_some_and(|status| status.state == JobState::Ready) {
                        requeued.push(job);
                    }
                }
                assert_eq!(answer, requeued.len() as u64);
                self.model.requeue(letters, &requeued);
            }
        }
    }

    async fn enqueue(&mut self, priority: u8, delay: u64) {
        let start = if delay == 0 {
            Start::Now
        } else {
            Start::In(secs(delay))
        };
        let job = NewJob {
            start,
            max_attempts: ATTEMPTS,
            keep_result: secs(1_000_000),
            ..urgent("", priority)
        };
        let id = send(&self.broker, job).await;
        self.jobs.push(id);
        self.model
            .enqueue(id, priority, i64::try_from(delay).unwrap());
    }

    async fn claim(&mut self, max: usize) {
        let keys: Vec<_> = claim(&self.broker, max)
            .await
            .iter()
            .map(|lease| lease.key)
            .collect();
        self.model.claim(max, &keys);
        self.leases.extend(keys);
    }

    async fn finish(&mut self, key: LeaseKey, outcome: Outcome) {
        let expected = self.model.finish(key, &outcome);
        let answer = finish(&self.broker, key, outcome).await;
        match expected {
            Some(expected) => assert_eq!(answer, expected, "{key:?}"),
            // The lease had ended before: whatever is said, nothing changes, as the numbers will show.
            None => assert!(
                answer == Finished::LeaseLost || self.model.is_last_lease(key),
                "{key:?}"
            ),
        }
    }

    fn advance(&mut self, secs: i64) {
        self.store.move_clock(secs * 1_000_000);
        self.model.now += secs;
    }

    async fn upkeep(&mut self) {
        let round = self.broker.upkeep(1000).await.unwrap();
        let expected = self.model.upkeep();
        assert_eq!((round.recovered, round.poisoned, round.promoted), expected);
    }

    /// Healthy workers and time bring every job to an end: so none was lost on the way.
    async fn drain(&mut self) {
        self.step(Step::Pause(false)).await;
        for _ in 0..20 {
            self.advance(30);
            self.upkeep().await;
            for lease in claim(&self.broker, 1000).await {
                self.model.claim_out_of_order(lease.key);
                self.finish(lease.key, done()).await;
            }
        }
        self.model.check_numbers(&self.broker).await;
        for &job in &self.jobs {
            let status = self.broker.wait(job, Duration::ZERO).await.unwrap();
            assert_eq!(
                status.map(|status| status.state),
                Some(self.model.ended(job))
            );
        }
    }
}

fn pick<T: Copy>(all: &[T], number: usize) -> Option<T> {
    all.get(number.checked_rem(all.len())?).copied()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_behaves_like_the_model(steps in vec(step(), 1..120)) {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async { Run::new(Sqlite::open(LIMITS).await).run(steps).await });
    }
}

#[test]
#[ignore = "needs redis-server"]
fn redis_behaves_like_the_model() {
    let runtime = Runtime::new().unwrap();
    let server = Server::start(&[]);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let steps = vec(step(), 1..120);
    let outcome = runner.run(&steps, |steps| {
        server.command::<()>("FLUSHALL");
        let begun = Instant::now();
        let run = async { Run::new(Redis::on(&server, LIMITS).await).run(steps).await };
        let ran = catch_unwind(AssertUnwindSafe(|| runtime.block_on(run)));
        // The model counts seconds, and Redis's clock runs on: what took one is no proof.
        match ran {
            Err(_) if begun.elapsed() >= secs(1) => Err(TestCaseError::reject("too slow")),
            Err(panic) => resume_unwind(panic),
            Ok(()) => Ok(()),
        }
    });
    outcome.unwrap();
}

/// Two jobs lose their last worker in one second, claimed in the order of neither their ids nor
/// their enqueuing; then the letter that died first is wanted.
fn two_that_die_together() -> Vec<Step> {
    let enqueue = |priority| Step::Enqueue { priority, delay: 0 };
    let lose = [Step::Advance { secs: 10 }, Step::Upkeep];
    let claims = [Step::Claim { max: 1 }, Step::Claim { max: 1 }];
    let mut steps = vec![enqueue(7), enqueue(8)];
    for _ in 0..=LIMITS.max_recoveries {
        steps.extend(claims.clone());
        steps.extend(lose.clone());
    }
    steps.push(Step::Requeue { letters: 1 });
    steps
}

#[tokio::test]
async fn of_letters_that_died_together_either_may_be_the_first_on_sqlite() {
    let store = Sqlite::open(LIMITS).await;
    Run::new(store).run(two_that_die_together()).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn of_letters_that_died_together_either_may_be_the_first_on_redis() {
    let store = Redis::open(LIMITS).await;
    Run::new(store).run(two_that_die_together()).await;
}
