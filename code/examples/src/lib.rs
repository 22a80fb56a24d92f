//! What the example programs share: the executor that chapter 2 builds.

pub mod executor;
