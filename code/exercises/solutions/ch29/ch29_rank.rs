use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug)]
struct Job {
    name: &'static str,
    /// 0 (can wait) to 9 (first).
    priority: u8,
    /// Since the store was opened.
    ready_at: Duration,
}

/// In microseconds. It lies before the opening of the store for an urgent job that came early.
type Rank = i128;

/// Where `job` stands in line, if a level of priority is worth `aging`.
fn rank(job: &Job, aging: Duration) -> Rank {
    let micros = |span: Duration| span.as_micros() as Rank;
    micros(job.ready_at) - Rank::from(job.priority) * micros(aging)
}

/// The jobs that are ready.
struct Line {
    aging: Duration,
    /// By rank, and by arrival where ranks are equal.
    jobs: BTreeMap<(Rank, u64), Job>,
    /// How many jobs were ever pushed.
    arrivals: u64,
}

impl Line {
    fn new(aging: Duration) -> Self {
        Self {
            aging,
            jobs: BTreeMap::new(),
            arrivals: 0,
        }
    }

    fn push(&mut self, job: Job) {
        self.arrivals += 1;
        let key = (rank(&job, self.aging), self.arrivals);
        self.jobs.insert(key, job);
    }

    /// Takes out the job that is next.
    fn pop(&mut self) -> Option<Job> {
        self.jobs.pop_first().map(|(_, job)| job)
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    const AGING: Duration = Duration::from_secs(10);

    fn job(name: &'static str, priority: u8, ready_second: u64) -> Job {
        Job {
            name,
            priority,
            ready_at: Duration::from_secs(ready_second),
        }
    }

    /// The names of `jobs`, pushed in this order, as they are popped.
    fn order<const N: usize>(jobs: [Job; N]) -> [&'static str; N] {
        let mut line = Line::new(AGING);
        for job in jobs {
            line.push(job);
        }
        let popped = std::array::from_fn(|_| line.pop().expect("as many as were pushed").name);
        assert!(line.pop().is_none(), "more jobs than were pushed");
        popped
    }

    #[test]
    fn within_a_priority_the_first_in_is_the_first_out() {
        let jobs = [job("a", 5, 2), job("b", 5, 1), job("c", 5, 3)];
        assert_eq!(order(jobs), ["b", "a", "c"]);
    }

    #[test]
    fn jobs_of_one_rank_keep_the_order_in_which_they_were_pushed() {
        let jobs = [job("z", 5, 1), job("a", 5, 1), job("z", 5, 1)];
        assert_eq!(order(jobs), ["z", "a", "z"]);
        let jobs = [job("low", 0, 20), job("high", 2, 40)];
        assert_eq!(order(jobs), ["low", "high"], "both have rank 20 s");
    }

    #[test]
    fn a_higher_priority_goes_first() {
        let jobs = [job("low", 0, 100), job("high", 9, 100), job("mid", 4, 100)];
        assert_eq!(order(jobs), ["high", "mid", "low"]);
    }

    #[test]
    fn urgency_counts_from_the_opening_of_the_store_on() {
        let jobs = [job("low", 1, 0), job("high", 9, 0), job("mid", 4, 0)];
        assert_eq!(order(jobs), ["high", "mid", "low"]);
    }

    #[test]
    fn a_level_is_worth_the_aging_and_no_more() {
        assert_eq!(order([job("a", 3, 50), job("b", 4, 59)]), ["b", "a"]);
        assert_eq!(order([job("a", 3, 50), job("b", 4, 61)]), ["a", "b"]);
        let jobs = [job("a", 1, 0), job("b", 9, 75), job("c", 9, 85)];
        assert_eq!(order(jobs), ["b", "a", "c"]);
    }

    #[test]
    fn a_low_job_is_overtaken_by_those_who_come_soon_enough_and_by_nobody_else() {
        let mut line = Line::new(AGING);
        line.push(job("low", 1, 0));
        let turn = (0..1000).find(|&second| {
            line.push(job("high", 9, second));
            line.pop().is_some_and(|job| job.name == "low")
        });
        // At second 80 a high job has the same rank, and was pushed later.
        assert_eq!(
            turn,
            Some(80),
            "the second in which the low job has its turn"
        );
    }
}
