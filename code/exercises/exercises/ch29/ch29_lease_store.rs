//! A store lends jobs to workers. A lease holds until its deadline, by the store's
//! clock; a worker that is alive extends it, and a job whose lease ran out is lent
//! again. Whoever comes back too late has to be told from the worker that is at it
//! now, and a name does not do that: both may have the same.
//!
//! Complete `claim`, `extend` and `finish`. What decides is the token: while nobody
//! was given a newer one, even a late worker is welcome.

use std::time::Duration;
use tokio::time::Instant;

/// The right to run a job.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lease {
    job: u32,
    /// Larger than that of every earlier lease of the job.
    token: u64,
    /// Who holds it, for people who look at the store.
    worker: &'static str,
}

/// The job is or will be somebody else's, or it is done.
#[derive(Debug, PartialEq, Eq)]
struct LeaseLost;

enum State {
    Ready,
    Running { until: Instant },
    Done,
}

struct Job {
    id: u32,
    state: State,
    /// Of its newest lease; 0 if there was none.
    token: u64,
}

struct Store {
    /// How long a lease holds.
    length: Duration,
    /// In the order in which they are claimed.
    jobs: Vec<Job>,
}

impl Store {
    /// A store with jobs of these ids.
    fn new(length: Duration, ids: impl IntoIterator<Item = u32>) -> Self {
        let job = |id| Job {
            id,
            state: State::Ready,
            token: 0,
        };
        Self {
            length,
            jobs: ids.into_iter().map(job).collect(),
        }
    }

    /// Lends the first job that is ready, or whose lease has run out.
    fn claim(&mut self, worker: &'static str) -> Option<Lease> {
        // TODO: a new deadline and a new token; `Instant::now` is the clock.
        todo!()
    }

    /// A heartbeat: the lease holds for its whole length from now on.
    fn extend(&mut self, lease: &Lease) -> Result<(), LeaseLost> {
        // TODO: compare the token. A job that is done has no lease to extend.
        todo!()
    }

    /// The job is done. Said twice, it is answered as the first time.
    fn finish(&mut self, lease: &Lease) -> Result<(), LeaseLost> {
        // TODO: compare the token.
        todo!()
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const LENGTH: Duration = Duration::from_secs(10);
    const SECOND: Duration = Duration::from_secs(1);

    fn store() -> Store {
        Store::new(LENGTH, [17])
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn each_job_is_lent_to_one_worker() {
        let mut store = Store::new(LENGTH, [17, 18]);
        let first = store.claim("ada").expect("job 17 is ready");
        let second = store.claim("grace").expect("job 18 is ready");
        assert_eq!((first.job, first.worker), (17, "ada"));
        assert_eq!((second.job, second.worker), (18, "grace"));
        assert_eq!(store.claim("mary"), None, "both are lent");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_ran_out_is_lent_again_with_a_larger_token() {
        let mut store = store();
        let first = store.claim("ada").expect("it is ready");
        advance(LENGTH - SECOND).await;
        assert_eq!(store.claim("grace"), None, "a second is left");
        advance(SECOND).await;
        let second = store.claim("grace").expect("the lease ran out");
        assert_eq!(second.job, first.job);
        assert!(second.token > first.token, "{second:?} after {first:?}");
        advance(LENGTH - SECOND).await;
        assert_eq!(store.claim("mary"), None, "the second lease holds");
    }

    #[tokio::test(start_paused = true)]
    async fn a_heartbeat_makes_it_hold_for_its_whole_length_again() {
        let mut store = store();
        let lease = store.claim("ada").expect("it is ready");
        for _ in 0..10 {
            advance(9 * SECOND).await;
            assert_eq!(store.claim("grace"), None, "it was extended");
            assert_eq!(store.extend(&lease), Ok(()));
        }
        advance(LENGTH).await;
        assert!(store.claim("grace").is_some(), "no heartbeat for 10 s");
    }

    #[tokio::test(start_paused = true)]
    async fn the_old_token_can_neither_extend_nor_finish_whatever_the_name() {
        for next_worker in ["grace", "ada"] {
            let mut store = store();
            let old = store.claim("ada").expect("it is ready");
            advance(LENGTH).await;
            let new = store.claim(next_worker).expect("the lease ran out");
            assert_eq!(store.extend(&old), Err(LeaseLost));
            assert_eq!(store.finish(&old), Err(LeaseLost));
            assert_eq!(store.extend(&new), Ok(()), "{next_worker} runs it now");
            assert_eq!(store.finish(&new), Ok(()), "{next_worker} ran it");
            assert_eq!(store.finish(&old), Err(LeaseLost));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_worker_is_welcome_while_nobody_else_has_begun() {
        let mut store = store();
        let lease = store.claim("ada").expect("it is ready");
        advance(LENGTH + SECOND).await;
        assert_eq!(store.extend(&lease), Ok(()));
        assert_eq!(store.claim("grace"), None, "it was extended");
        advance(LENGTH + SECOND).await;
        assert_eq!(store.finish(&lease), Ok(()));
        assert_eq!(store.claim("grace"), None, "it is done");
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_counts_for_its_own_job() {
        let mut store = Store::new(LENGTH, [17, 18]);
        let first = store.claim("ada").expect("job 17 is ready");
        let second = store.claim("ada").expect("job 18 is ready");
        assert_eq!(store.finish(&second), Ok(()));
        assert_eq!(store.extend(&second), Err(LeaseLost), "it is done");
        assert_eq!(store.extend(&first), Ok(()), "it is not done");
    }

    #[tokio::test(start_paused = true)]
    async fn finishing_twice_is_answered_as_the_first_time() {
        let mut store = store();
        let lease = store.claim("ada").expect("it is ready");
        assert_eq!(store.finish(&lease), Ok(()));
        assert_eq!(store.finish(&lease), Ok(()), "the first answer got lost");
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_is_done_stays_done() {
        let mut store = store();
        let lease = store.claim("ada").expect("it is ready");
        assert_eq!(store.finish(&lease), Ok(()));
        assert_eq!(store.extend(&lease), Err(LeaseLost), "a late heartbeat");
        advance(LENGTH).await;
        assert_eq!(store.claim("grace"), None);
    }
}
