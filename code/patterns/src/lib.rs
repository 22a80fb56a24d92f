//! The patterns that the chapters of the book build, one concept a file.
//!
//! Each file is shown in its chapter and used by the systems of Part 9.
//! This package depends on no other package of the book.

pub mod board;
#[cfg(unix)]
pub mod child_group;
pub mod condition;
pub mod deadline;
pub mod event;
pub mod happy_eyeballs;
pub mod idle;
pub mod pool;
pub mod process_pool;
pub mod task_group;
pub mod token_bucket;
