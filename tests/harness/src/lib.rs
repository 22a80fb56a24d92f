//! What the tests share.
//!
//! - [`book`] reads the text.
//! - [`bench`] is what the benchmarks share.

pub mod bench;

pub use book;

use std::path::PathBuf;

/// The folder of the repository, or of the book that `BOOK_ROOT` names instead.
///
/// It is found when a test runs, in its package two folders below, and never fixed when it is
/// built: a checkout may be moved, copied, or share its target directory.
pub fn root() -> PathBuf {
    std::env::var_os("BOOK_ROOT").map_or_else(|| "../..".into(), PathBuf::from)
}
