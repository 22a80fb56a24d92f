//! A job can wait for other jobs: `after` names them, and it is ready when all of
//! them are done. Jobs that wait for each other in a circle would never be, so a
//! batch with such a cycle is refused, with an error that names its jobs.
//!
//! Complete `check`. Two jobs may well wait for the same third one. The path from a
//! job to the last one it waits for may be 100,000 jobs long, and a thread's stack
//! does not hold so many calls: use a loop.

use std::collections::HashMap;

struct Job {
    id: u32,
    /// What it waits for: jobs of the same batch, or others, which are stored already and
    /// know nothing of this batch.
    after: Vec<u32>,
}

/// The jobs of a cycle: each waits for the next, and the last for the first.
#[derive(Debug, PartialEq, Eq)]
struct Cycle(Vec<u32>);

/// Whether all jobs of the batch can become ready, one after the other.
fn check(batch: &[Job]) -> Result<(), Cycle> {
    // TODO: follow `after` along a path of jobs, and go back a step where it ends. A job
    // that is met again is no cycle if it has been left for good, only if it is on the path.
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    fn job(id: u32, after: &[u32]) -> Job {
        Job {
            id,
            after: after.to_vec(),
        }
    }

    /// What `check` says, on a thread, so that one that never ends fails its test.
    #[track_caller]
    fn checked(batch: Vec<Job>) -> Result<(), Cycle> {
        let (answer, answered) = mpsc::channel();
        thread::spawn(move || answer.send(check(&batch)));
        answered
            .recv_timeout(Duration::from_secs(5))
            .expect("`check` panicked, or still runs after five seconds")
    }

    /// The jobs of the cycle that `batch` is refused for, the smallest first.
    #[track_caller]
    fn cycle_in(batch: Vec<Job>) -> Vec<u32> {
        let Cycle(mut ids) = checked(batch).expect_err("there is a cycle");
        let smallest = ids.iter().min().copied();
        let first = ids.iter().position(|id| Some(*id) == smallest);
        ids.rotate_left(first.expect("a cycle has jobs"));
        ids
    }

    #[test]
    fn jobs_that_wait_for_each_other_in_a_row_are_accepted() {
        assert_eq!(checked(vec![]), Ok(()));
        assert_eq!(
            checked(vec![job(1, &[]), job(2, &[1]), job(3, &[2])]),
            Ok(())
        );
        assert_eq!(
            checked(vec![job(3, &[2]), job(2, &[1]), job(1, &[])]),
            Ok(())
        );
    }

    #[test]
    fn two_jobs_may_wait_for_the_same_one_and_a_third_for_both() {
        let diamond = vec![job(4, &[2, 3]), job(3, &[1]), job(2, &[1]), job(1, &[])];
        assert_eq!(checked(diamond), Ok(()));
        assert_eq!(
            checked(vec![job(1, &[]), job(2, &[1, 1])]),
            Ok(()),
            "named twice"
        );
    }

    #[test]
    fn jobs_outside_the_batch_are_on_no_cycle() {
        assert_eq!(checked(vec![job(1, &[77]), job(2, &[77, 78])]), Ok(()));
    }

    #[test]
    fn a_job_cannot_wait_for_itself() {
        assert_eq!(cycle_in(vec![job(1, &[]), job(2, &[1, 2])]), [2]);
    }

    #[test]
    fn a_cycle_is_refused_with_its_jobs_in_order() {
        assert_eq!(cycle_in(vec![job(1, &[2]), job(2, &[1])]), [1, 2]);
        let batch = vec![job(5, &[8]), job(3, &[5]), job(8, &[3])];
        assert_eq!(cycle_in(batch), [3, 5, 8]);
    }

    #[test]
    fn jobs_that_only_wait_for_a_cycle_are_not_named() {
        let batch = vec![
            job(1, &[2, 9]),
            job(2, &[3]),
            job(3, &[9, 4]),
            job(4, &[2]),
            job(9, &[]),
        ];
        assert_eq!(cycle_in(batch), [2, 3, 4]);
    }

    #[test]
    fn a_hundred_thousand_jobs_in_a_row_do_not_overflow_the_stack() {
        const LAST: u32 = 100_000;
        let row = || (1..LAST).map(|id| job(id, &[id + 1]));
        let last = |after: &[u32]| std::iter::once(job(LAST, after));
        let accepted = checked(row().chain(last(&[])).collect());
        assert!(accepted.is_ok(), "no job waits for an earlier one");
        let cycle = cycle_in(row().chain(last(&[1])).collect());
        assert_eq!(cycle.len(), LAST as usize);
    }

    #[test]
    fn each_job_is_looked_at_once_however_many_paths_lead_to_it() {
        // At each of 40 steps there are two jobs, both of which wait for the two of the next.
        let step = |step: u32| {
            let next = [2 * step + 2, 2 * step + 3];
            [job(2 * step, &next), job(2 * step + 1, &next)]
        };
        assert_eq!(checked((0..40).flat_map(step).collect()), Ok(()));
    }
}
