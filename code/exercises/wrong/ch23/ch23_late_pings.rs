//! Wrong: more awaits, and not one of them waits: an `.await` of what is ready is no turn for others.

#[allow(unused_imports)]
use tokio::task::{spawn_blocking, yield_now};

/// What one row is worth; stands for a real computation.
fn worth(row: u64) -> u64 {
    let row = (0..20).fold(row, |row, _| std::hint::black_box(row));
    row % 10
}

/// The report: what all rows are worth.
async fn report(rows: Vec<u64>) -> u64 {
    let mut total = 0;
    for row in rows {
        total += async { worth(row) }.await;
    }
    total
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use tokio::task::yield_now;

    // `tokio::test` runs an async function on a runtime of its own, as a #[test]
    #[tokio::test]
    async fn the_report_is_right() {
        assert_eq!(report((0..=10).collect()).await, 45);
    }

    #[tokio::test]
    async fn health_checks_have_their_turns_during_a_big_report() {
        let (checks, done) = (Cell::new(0), Cell::new(false));
        let health = async {
            while !done.get() {
                checks.set(checks.get() + 1);
                yield_now().await;
            }
        };
        let reporting = async {
            let total = report((0..200_000).collect()).await;
            done.set(true);
            total
        };
        let (_, total) = tokio::join!(health, reporting);
        assert_eq!(total, 900_000);
        assert!(checks.get() >= 20, "only {} checks", checks.get());
    }
}
