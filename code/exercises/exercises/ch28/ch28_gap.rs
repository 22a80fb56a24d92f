//! Transactions take a number when they begin to write, and commit later or never. A number whose
//! transaction was rolled back isn't used again: it stays a gap.
//!
//! Complete `readable`: which numbers may a reader take in now, so that it misses none forever and
//! doesn't wait for one that won't come?

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
    // TODO: up to where?
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(committed: &[u64], open: &[u64]) -> Numbers {
        Numbers {
            committed: committed.iter().copied().collect(),
            open: open.iter().copied().collect(),
        }
    }

    #[test]
    fn a_reader_stops_before_the_oldest_that_is_open() {
        let slow = numbers(&[1, 3, 4], &[2]);
        assert_eq!(readable(&slow, 0), [1]);
        assert_eq!(readable(&slow, 1), [0; 0]);
        let done = numbers(&[1, 2, 3, 4], &[]);
        assert_eq!(readable(&done, 1), [2, 3, 4]);
    }

    #[test]
    fn a_number_that_was_rolled_back_is_passed() {
        let rolled_back = numbers(&[1, 3, 5], &[6]);
        assert_eq!(readable(&rolled_back, 0), [1, 3, 5]);
        assert_eq!(readable(&rolled_back, 3), [5]);
    }

    #[test]
    fn with_nothing_new_there_is_nothing_to_read() {
        assert_eq!(readable(&numbers(&[1, 2], &[]), 2), [0; 0]);
        assert_eq!(readable(&numbers(&[], &[1]), 0), [0; 0]);
    }
}
