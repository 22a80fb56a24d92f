use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Size {
    workers: u32,
    /// Ticks in a row in which at most half of the workers were busy.
    calm: u32,
}

/// The size after a tick that saw this.
fn next(size: Size, busy: u32, first_waited: Duration) -> Size {
    let Size { workers, calm } = size;
    if busy >= workers && first_waited > Duration::from_millis(200) {
        let workers = (workers * 2).min(32);
        return Size { workers, calm: 0 };
    }
    if busy > workers / 2 {
        return Size { workers, calm: 0 };
    }
    if calm + 1 < 5 {
        let calm = calm + 1;
        return Size { workers, calm };
    }
    let workers = (workers - 1).max(2);
    Size { workers, calm: 0 }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(1);

    fn after(workers: u32, ticks: impl IntoIterator<Item = (u32, Duration)>) -> u32 {
        let start = Size { workers, calm: 0 };
        let end = ticks
            .into_iter()
            .fold(start, |size, (busy, waited)| next(size, busy, waited));
        end.workers
    }

    #[test]
    fn it_doubles_while_all_are_busy_and_jobs_wait() {
        assert_eq!(after(4, [(4, LONG)]), 8);
        assert_eq!(after(4, [(4, LONG), (8, LONG), (16, LONG), (32, LONG)]), 32);
    }

    #[test]
    fn a_free_worker_or_a_short_wait_is_no_reason_to_grow() {
        assert_eq!(after(4, [(3, LONG)]), 4);
        assert_eq!(after(4, [(4, Duration::from_millis(200))]), 4);
    }

    #[test]
    fn it_shrinks_by_one_after_five_calm_ticks() {
        let calm = (1, Duration::ZERO);
        assert_eq!(after(8, [calm; 4]), 8);
        assert_eq!(after(8, [calm; 5]), 7);
        assert_eq!(after(8, [calm; 100]), 2);
    }

    #[test]
    fn calm_ticks_count_in_a_row() {
        let (calm, busy) = ((1, Duration::ZERO), (8, Duration::ZERO));
        let ticks = [calm, calm, calm, calm, busy, calm, calm, calm, calm];
        assert_eq!(after(8, ticks), 8);
    }
}
