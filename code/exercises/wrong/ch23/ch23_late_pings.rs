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
