
// Below each marked program: what its marks need, and a runtime whose chance is set.
#[allow(unused_imports)]
use recorder::{Abort as _, Abortable as _, At as _, print, println};
#[allow(unused_imports)]
use recorder_tail::Seeded as _;

mod recorder_tail {
    pub trait Seeded {
        fn seeded(self) -> Self;
    }

    impl Seeded for ::tokio::runtime::Builder {
        fn seeded(mut self) -> Self {
            let seed = ::tokio::runtime::RngSeed::from_bytes(::recorder::probe::seed().as_bytes());
            self.rng_seed(seed);
            self
        }
    }

    pub mod runtime {
        pub struct Builder;

        impl Builder {
            pub fn new_current_thread() -> ::tokio::runtime::Builder {
                super::Seeded::seeded(::tokio::runtime::Builder::new_current_thread())
            }

            pub fn new_multi_thread() -> ::tokio::runtime::Builder {
                super::Seeded::seeded(::tokio::runtime::Builder::new_multi_thread())
            }
        }
    }
}
