//! What the example programs share: the executor that chapter 2 builds, and the store of chapter 18.

pub mod executor;
pub mod store;
