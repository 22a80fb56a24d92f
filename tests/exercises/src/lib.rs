//! Proves the exercise set in `code/exercises`, with rustc and without Rustlings.
//!
//! An exercise is up to three files with the same tests: as it is given (it fails them, or is refused
//! by the compiler where that is the exercise), its solution (it passes them), and the tempting wrong
//! idea (it compiles, and they reject it).
//!
//! A chapter is compiled as *one* test binary, with each file as a module, and run once; 31 chapters
//! cost 31 calls of rustc, and none when nothing has changed. `set` and `text` read, `compile` and
//! `run` do, `proof` judges.

pub mod compile;
pub mod dependencies;
pub mod proof;
pub mod run;
pub mod set;
pub mod text;

use std::fmt;

/// What is wrong with one file, and how to fix it.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The file, with a line where one is known.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl Problem {
    pub(crate) fn new(
        place: impl Into<String>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            place: place.into(),
            what: what.into(),
            fix: fix.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n  fix: {}", self.place, self.what, self.fix)
    }
}
