//! Reads the text of the book as Zola reads it.
//!
//! There is one reader, for the prover, the recorder, the rules of the text and the exports: what
//! one of them takes for a program is one for all.
//!
//! - [`read`] gives the pages, with the headings, links and code blocks of each.
//! - [`fence`] says what may stand after the language of a fence.
//! - [`escapes`] finds code that readers would see and nobody would prove.
//! - [`listing`] finds a part of a file that a page shows.
//! - [`running`] gives what paragraphs and list items say, line by line.

pub mod escapes;
pub mod fence;
pub mod listing;
mod page;
pub mod running;

pub use page::{Block, Heading, Link, Page, Span, lines, parse, read, translations};
