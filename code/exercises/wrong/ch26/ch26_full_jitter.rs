//! Wrong: a tenth of jitter leaves the crowd together, in the last tenth of its span.

use std::time::Duration;

/// How long to wait after so many failures (1 or more). `dice` lies between 0 and 1.
fn wait(failures: u32, dice: f64) -> Duration {
    let bound = Duration::from_secs(1 << (failures - 1).min(6));
    let bound = bound.min(Duration::from_secs(60));
    bound - bound.mul_f64(0.1 * dice) // a bit of jitter, within the bound
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: [u64; 9] = [1, 2, 4, 8, 16, 32, 60, 60, 60];

    #[test]
    fn the_longest_wait_doubles_up_to_a_minute() {
        for (failures, bound) in (1..).zip(BOUNDS) {
            assert_eq!(wait(failures, 1.0), Duration::from_secs(bound));
        }
    }

    #[test]
    fn the_whole_span_is_used() {
        for (failures, bound) in (1..).zip(BOUNDS) {
            let tenth = Duration::from_secs(bound) / 10;
            for part in 0..10 {
                let wait = wait(failures, f64::from(part) / 10.0 + 0.05);
                assert!(tenth * part < wait, "{wait:?} of {bound} s");
                assert!(wait < tenth * (part + 1), "{wait:?} of {bound} s");
            }
        }
    }

    #[test]
    fn a_million_failures_wait_for_a_minute() {
        assert_eq!(wait(1_000_000, 1.0), Duration::from_secs(60));
    }
}
