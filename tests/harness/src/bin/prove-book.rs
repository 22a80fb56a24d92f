//! Proves a book that needs nothing but the standard library:
//! `BOOK_ROOT=folder cargo run -p harness --bin prove-book`.
//!
//! The tests of the harness break small books on purpose, and read what this says of them.

use std::process::ExitCode;

use harness::compiler::Compiler;
use harness::suite;

/// Every crate that this program has.
const HIDDEN: &[&str] = &[
    "anyhow",
    "harness",
    "invocation",
    "libtest_mimic",
    "pulldown_cmark",
    "rustix",
    "tempfile",
    "wait_timeout",
];

fn main() -> anyhow::Result<ExitCode> {
    let cache = harness::root().join("target").join("programs");
    suite::main(Compiler::new(invocation::invocation!(), HIDDEN, &cache)?)
}
