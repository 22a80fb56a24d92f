//! Wrong: it waits for each number, and one that was rolled back doesn't come.

use std::collections::BTreeSet;

/// The numbers of a table.
#[derive(Debug, Default)]
struct Numbers {
    /// Those that are committed.
    committed: BTreeSet<u64>,
    /// Those whose transactions are under way. What is neither was rolled back.
    open: BTreeSet<u64>,
}

/// The numbers that a reader may take in which has read up to `place`.
fn readable(numbers: &Numbers, place: u64) -> Vec<u64> {
    let without_a_gap = |number: &u64| numbers.committed.contains(number);
    (place + 1..).take_while(without_a_gap).collect()
}

fn main() {}
