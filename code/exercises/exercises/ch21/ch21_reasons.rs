//! "Why was it rolled back?" The reasons of a conclusion, and their reasons.
//!
//! Complete `reasons`.

use std::collections::BTreeSet;

/// The versions of the facts that version `version` was concluded from, in one step or in many,
/// and itself. `because[0]` has the reasons of version 1, and reasons are older.
fn reasons(because: &[&[usize]], version: usize) -> BTreeSet<usize> {
    // TODO: one walk, from the newest to the oldest.
    let _ = (because, version);
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_fact_has_itself() {
        assert!(reasons(&[&[], &[]], 2).into_iter().eq([2]));
    }

    #[test]
    fn reasons_have_reasons_and_others_are_left_out() {
        let because: [&[usize]; 5] = [&[], &[], &[1], &[2], &[3]];
        assert!(reasons(&because, 5).into_iter().eq([1, 3, 5]));
        assert!(reasons(&because, 4).into_iter().eq([2, 4]));
    }

    #[test]
    fn a_long_chain_in_which_each_has_two_reasons_takes_a_moment() {
        let pairs: Vec<[usize; 2]> = (1..1000)
            .map(|newest| [newest, newest.max(2) - 1])
            .collect();
        let mut because: Vec<&[usize]> = vec![&[]];
        because.extend(pairs.iter().map(|pair| pair.as_slice()));
        assert_eq!(reasons(&because, 1000).len(), 1000);
    }
}
