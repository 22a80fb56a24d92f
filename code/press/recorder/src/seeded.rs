//! Runtimes that draw their random choices from a number that the recorder sets.
//!
//! Tokio has that among what is unstable, so this is compiled into recorded programs alone.
//! As `#[tokio::main(crate = "::recorder::seeded")]` it stands in the place of Tokio.

use tokio::runtime::{Builder, RngSeed};

use crate::probe;

/// Sets the chance of a runtime: `Builder::new_current_thread().seeded()`.
pub trait Seeded {
    /// Draws from the recorder's number from now on.
    fn seeded(self) -> Self;
}

impl Seeded for Builder {
    fn seeded(mut self) -> Self {
        self.rng_seed(RngSeed::from_bytes(probe::seed().as_bytes()));
        self
    }
}

/// What `#[tokio::main]` looks for in Tokio's module of this name.
pub mod runtime {
    pub use tokio::runtime::UnhandledPanic;

    use super::Seeded;

    /// Makes seeded builders.
    pub struct Builder;

    impl Builder {
        /// Tokio's own, seeded.
        pub fn new_current_thread() -> tokio::runtime::Builder {
            tokio::runtime::Builder::new_current_thread().seeded()
        }

        /// Tokio's own, seeded.
        pub fn new_multi_thread() -> tokio::runtime::Builder {
            tokio::runtime::Builder::new_multi_thread().seeded()
        }
    }
}
