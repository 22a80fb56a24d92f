use std::hash::{DefaultHasher, Hash, Hasher};

/// The worker of a key, of so many.
fn worker_of(key: &str, workers: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    (hasher.finish() % workers as u64) as usize
}

/// The queues of all workers, filled with the jobs in order.
fn deal<'a>(jobs: &[(&'a str, u32)], workers: usize) -> Vec<Vec<(&'a str, u32)>> {
    let mut queues: Vec<Vec<(&str, u32)>> = vec![Vec::new(); workers];
    for &(key, job) in jobs {
        queues[worker_of(key, workers)].push((key, job));
    }
    queues
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_worker() {
        assert_eq!(worker_of("ada", 4), worker_of("ada", 4));
        assert!(worker_of("ada", 4) < 4);
    }

    #[test]
    fn many_keys_reach_all_workers() {
        let keys: Vec<String> = (0..100)
            .map(|number| format!("customer {number}"))
            .collect();
        let mut seen = [false; 4];
        for key in &keys {
            seen[worker_of(key, 4)] = true;
        }
        assert_eq!(seen, [true; 4]);
    }

    #[test]
    fn the_jobs_of_a_key_stand_in_one_queue_in_order() {
        let jobs = [
            ("ada", 1),
            ("grace", 1),
            ("ada", 2),
            ("mary", 1),
            ("ada", 3),
            ("grace", 2),
        ];
        let queues = deal(&jobs, 3);
        for (key, count) in [("ada", 3), ("grace", 2), ("mary", 1)] {
            let of_key: Vec<u32> = queues[worker_of(key, 3)]
                .iter()
                .filter(|(other, _)| *other == key)
                .map(|(_, job)| *job)
                .collect();
            assert_eq!(of_key, (1..=count).collect::<Vec<_>>());
        }
    }
}
