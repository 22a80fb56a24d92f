//! One test for each program of README.md and content/, named by file, line and heading.
//! Its programs are built with the compiler that built this file, and with its crates.

use std::path::Path;
use std::process::ExitCode;

use harness::compiler::Compiler;
use harness::suite;

/// The crates that serve these tests. A block uses only those that a reader can.
const HIDDEN: &[&str] = &["chapters", "harness", "invocation"];

fn main() -> anyhow::Result<ExitCode> {
    // Beside Cargo's own folders, so that `cargo clean` removes it and each target has its own.
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chapters");
    suite::main(Compiler::new(invocation::invocation!(), HIDDEN, &cache)?)
}
