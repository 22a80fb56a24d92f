//! Wrong: only the reasons in one step.

use std::collections::BTreeSet;

/// The versions of the facts that version `version` was concluded from, in one step or in many,
/// and itself. `because[0]` has the reasons of version 1, and reasons are older.
fn reasons(because: &[&[usize]], version: usize) -> BTreeSet<usize> {
    let mut wanted = BTreeSet::from([version]);
    wanted.extend(because[version - 1]);
    wanted
}

fn main() {}
