//! Proves that every `rust` block of the book compiles, without a warning, and runs.
//!
//! ```console
//! $ cargo test -p chapters                      # every block
//! $ cargo test -p chapters ch03                 # the blocks of chapter 3
//! $ cargo test -p chapters ch03-coroutines.md:142   # the block whose fence is on line 142
//! ```
//!
//! The `[dependencies]` of this package are the crates that a block may use. There is nothing
//! here but that list; the tests stand in `tests/`, and what they share with the other tests of
//! the book in the package `harness`.
