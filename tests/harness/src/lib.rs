//! What the tests share.
//!
//! - [`book`] reads the text: its pages, and the headings, links and code blocks of each.
//! - [`compiler`] builds the program of a block, and keeps it until its text changes.
//! - [`run`] runs it, alone and within a time limit.
//! - [`proof`] says whether it did what the page says.
//! - [`suite`] does all this for each program of the book, as one test binary.

pub mod bench;
pub mod book;
pub mod compiler;
pub mod proof;
pub mod run;
pub mod suite;

use std::path::PathBuf;

/// The folder of the repository, or of the book that `BOOK_ROOT` names instead.
pub fn root() -> PathBuf {
    match std::env::var_os("BOOK_ROOT") {
        Some(folder) => folder.into(),
        None => [env!("CARGO_MANIFEST_DIR"), "..", ".."].iter().collect(),
    }
}
