//! A handler that fails is tried again after a wait: a random part of a bound that
//! doubles with each failure. A job that takes its worker down has not failed, for
//! nobody is left to say so: its lease runs out, and such losses are counted apart.
//!
//! Complete `bound`, `after_failure` and `after_loss`. The dice are an argument, so
//! nothing here is random.

use std::time::Duration;

/// What is done with a job that has not completed.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// It is ready again after this wait.
    After(Duration),
    /// Nobody runs it until somebody has looked at it.
    Dead,
}

struct Law {
    /// The bound after the first failure; it doubles with each further one.
    first: Duration,
    /// The bound never exceeds this.
    longest: Duration,
    /// After so many failures a job is dead.
    most_failures: u32,
    /// So many lost workers are forgiven; with one more, a job is dead.
    most_losses: u32,
}

impl Law {
    /// The longest wait after so many failures: 1 or more.
    fn bound(&self, failures: u32) -> Duration {
        // TODO: any number of failures has a bound, up to `u32::MAX`.
        todo!()
    }

    /// After the failure that makes it so many. Of the bound, the job waits the part that
    /// `dice` says, from 0.0 (not at all) to 1.0 (all of it).
    fn after_failure(&self, failures: u32, dice: f64) -> Next {
        // TODO: `Next::Dead`, or `Next::After` a part of the bound.
        todo!()
    }

    /// After the loss of a worker that makes it so many. The job has waited for the end of
    /// its lease, and waits no longer.
    fn after_loss(&self, losses: u32) -> Next {
        // TODO: compare with `most_losses`.
        todo!()
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAW: Law = Law {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(600),
        most_failures: u32::MAX,
        most_losses: 3,
    };

    fn after_secs(seconds: f64) -> Next {
        Next::After(Duration::from_secs_f64(seconds))
    }

    #[test]
    fn the_bound_doubles_with_each_failure() {
        let bounds = [1, 2, 3, 4, 5, 10].map(|failures| LAW.bound(failures).as_secs());
        assert_eq!(bounds, [1, 2, 4, 8, 16, 512]);
    }

    #[test]
    fn the_bound_stops_at_the_longest() {
        assert_eq!(LAW.bound(11), Duration::from_secs(600));
        let law = Law {
            longest: Duration::from_millis(500),
            ..LAW
        };
        assert_eq!(law.bound(1), Duration::from_millis(500));
    }

    #[test]
    fn any_number_of_failures_has_a_bound() {
        for failures in [32, 33, 34, 64, 65, 1000, u32::MAX] {
            assert_eq!(LAW.bound(failures), LAW.longest, "{failures} failures");
        }
        let long = Law {
            first: Duration::from_secs(u64::MAX / 2),
            longest: Duration::MAX,
            ..LAW
        };
        assert_eq!(long.bound(40), Duration::MAX);
    }

    #[test]
    fn the_dice_say_which_part_of_the_bound_a_job_waits() {
        assert_eq!(LAW.after_failure(5, 0.0), after_secs(0.0));
        assert_eq!(LAW.after_failure(5, 0.25), after_secs(4.0));
        assert_eq!(LAW.after_failure(5, 1.0), after_secs(16.0));
        assert_eq!(LAW.after_failure(100, 0.5), after_secs(300.0));
    }

    #[test]
    fn a_crowd_that_failed_together_comes_back_spread_over_the_bound() {
        let mut arrivals = [0; 16];
        for job in 0..1600 {
            let Next::After(wait) = LAW.after_failure(5, f64::from(job) / 1600.0) else {
                panic!("job {job} is dead");
            };
            arrivals[wait.as_secs() as usize] += 1;
        }
        assert_eq!(arrivals, [100; 16], "arrivals in each second");
    }

    #[test]
    fn a_job_that_fails_too_often_is_dead() {
        let law = Law {
            most_failures: 3,
            ..LAW
        };
        assert_eq!(law.after_failure(2, 1.0), after_secs(2.0));
        assert_eq!(law.after_failure(3, 1.0), Next::Dead);
    }

    #[test]
    fn a_job_that_takes_down_too_many_workers_is_dead() {
        let next = [1, 2, 3, 4].map(|losses| LAW.after_loss(losses));
        let at_once = || after_secs(0.0);
        assert_eq!(next, [at_once(), at_once(), at_once(), Next::Dead]);
    }
}
