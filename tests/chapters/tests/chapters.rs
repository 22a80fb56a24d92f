//! Proves that every `rust` block of the book compiles, without a warning, and runs.
//!
//! ```console
//! $ cargo test -p chapters             # every block
//! $ cargo test -p chapters ch03        # the blocks of chapter 3
//! $ cargo test -p chapters -- --ignored   # the `python` blocks
//! ```
//!
//! skeptic finds the blocks and writes their tests (build.rs), builds them and runs them
//! (proof.rs). The `[dependencies]` of this package are the crates that a block may use.

mod proof;
mod python;
mod word;

include!(concat!(env!("OUT_DIR"), "/chapters.rs"));
