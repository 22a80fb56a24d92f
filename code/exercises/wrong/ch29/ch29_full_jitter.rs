//! Wrong: doubles first and bounds afterwards, so that the 33rd failure panics.

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
        let factor = 2_u32.pow(failures - 1);
        (self.first * factor).min(self.longest)
    }

    /// After the failure that makes it so many. Of the bound, the job waits the part that
    /// `dice` says, from 0.0 (not at all) to 1.0 (all of it).
    fn after_failure(&self, failures: u32, dice: f64) -> Next {
        if failures >= self.most_failures {
            return Next::Dead;
        }
        Next::After(self.bound(failures).mul_f64(dice))
    }

    /// After the loss of a worker that makes it so many. The job has waited for the end of
    /// its lease, and waits no longer.
    fn after_loss(&self, losses: u32) -> Next {
        if losses > self.most_losses {
            return Next::Dead;
        }
        Next::After(Duration::ZERO)
    }
}

fn main() {}
