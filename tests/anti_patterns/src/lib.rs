//! Proves that the compiler refuses what the book says it refuses, in the words the book prints.
//!
//! A case is a program, `chNN-slug/name.rs`, and the compiler's message, `chNN-slug/name.stderr`.
//! The chapter shows both, from these very files, with `{{ anti_pattern(name="chNN-slug/name") }}`.
//!
//! ```console
//! $ cargo test -p anti_patterns                   # every case
//! $ cargo test -p anti_patterns -- refuses trybuild=ch03  # the cases with ch03 in their path
//! $ cargo xtask bless                             # rewrite the messages; then read each
//! ```
//!
//! There is nothing here but these lines; the test is `anti_patterns.rs`, beside the cases.
