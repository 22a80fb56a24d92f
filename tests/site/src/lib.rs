//! Proves what the compiler cannot: that the text keeps to the rules of the book.
//!
//! Each rule is a module with a function `check(&Book) -> Vec<Problem>`, which tells every
//! problem at once. `tests/site.rs` runs them over the book; the tests below each module run
//! them over a small sound book in which one thing is broken.
//!
//! ```console
//! $ cargo test -p site                    # every rule
//! $ cargo test -p site links              # one of them
//! $ BLESS=1 cargo test -p site --test site   # fixes what a program can: format, links of terms, steps, anchors
//! ```

pub mod anchors;
pub mod anti_patterns;
pub mod api;
pub mod asyncio;
mod below;
pub mod book;
pub mod built;
pub mod cancel_safety;
pub mod cards;
pub mod compiler_errors;
pub mod costs;
pub mod crates;
pub mod documentation;
pub mod drawings;
pub mod escapes;
pub mod exercises;
pub mod fences;
#[cfg(test)]
mod fixture;
pub mod format;
pub mod front_matter;
pub mod headings;
pub mod hosting;
pub mod links;
pub mod listings;
pub mod names;
pub mod outline;
pub mod paths;
pub mod prose;
pub mod quiz;
pub mod runs;
pub mod sentences;
pub mod shortcodes;
pub mod sources;
pub mod steps;
pub mod styles;
pub mod templates;
pub mod terms;
pub mod topics;
pub mod translations;
pub mod unreadable;
pub mod words;

use std::fmt;

/// Something that is wrong, where, and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// From the root of the repository.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl Problem {
    /// A problem on a line of a file.
    pub fn new(
        file: impl Into<String>,
        line: usize,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Problem {
        Problem {
            file: file.into(),
            line,
            what: what.into(),
            fix: fix.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem {
            file,
            line,
            what,
            fix,
        } = self;
        write!(f, "{file}:{line}: {what}\n  fix: {fix}")
    }
}
