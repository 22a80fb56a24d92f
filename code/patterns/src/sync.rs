//! What a queue shares its state with.
//!
//! With the feature `loom`, these names mean types of the same shape that [loom] watches, so that
//! a test can run the very code of a pattern in every order of its steps that loom tells apart:
//! `cargo test -p patterns --features loom orders`.
//!
//! [loom]: https://docs.rs/loom/0.7.3/loom/

#[cfg(all(test, feature = "loom"))]
pub(crate) use checked::{Mutex, MutexGuard, Notify};
#[cfg(not(all(test, feature = "loom")))]
pub(crate) use std::sync::{Mutex, MutexGuard};
#[cfg(not(all(test, feature = "loom")))]
pub(crate) use tokio::sync::Notify;
