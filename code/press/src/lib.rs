//! Makes one file of the whole book from the built pages.
//!
//! What readers see on the site is what they get: highlighted programs, drawings and recorded runs
//! come from the same pages. What only a browser can use (buttons, links to an editor) stays away.
//!
//! ```text
//! public/  ->  Book  ->  markup  ->  epub   a file for e-readers
//! ```

mod book;
pub mod epub;
mod markup;
mod tokens;

pub use book::{Book, Group, Page, Section};
