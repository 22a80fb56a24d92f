//! What a block's last expression holds when the block has ended.

// ANCHOR: program
use std::cell::RefCell;

async fn count() -> usize {
    let cups = RefCell::new(vec!["tea"]);
    cups.borrow().len()
}

fn main() {
    drop(count());
}
// 2021: refused, E0597
// 2024: runs
// ANCHOR_END: program
