//! Records what Tokio really did while a program ran.
//!
//! A block of the book that carries `run=NAME` is recorded in three moves:
//!
//! 1. [`mark`] copies the block and gives every `.await`, `join!` argument and `select!`
//!    branch its place in the source, so that a poll of it can be told from any other.
//! 2. The copy runs with the [`probe`] linked in.
//!    The probe hears Tokio's own `tracing` instrumentation and the marks, and writes one line
//!    for each event into the program's output, between the lines that the program prints.
//! 3. [`story`] turns those lines into lanes, steps and sentences, which a [`run::Run`] keeps.
//!    [`picture`] draws it.
//!
//! [`blocks`] finds the programs, [`project`] builds their copies, [`recording`] runs each until it
//! is sure that there is one story to tell, and [`shelf`] keeps or compares what comes of it.
//! [`reader`] does the same for a program of a reader's own, and makes a page of it.
//!
//! Everything a run says comes from one of those events.
//! What no event tells, such as what a task computed, a run does not say.

mod marks;
pub mod probe;
#[cfg(feature = "seeded")]
pub mod seeded;

pub use marks::{At, Marked};
pub use probe::{Abort, Abortable};
#[cfg(feature = "seeded")]
pub use seeded::Seeded;

#[cfg(feature = "tool")]
pub mod blocks;
#[cfg(feature = "tool")]
pub mod mark;
#[cfg(feature = "tool")]
pub mod picture;
#[cfg(feature = "tool")]
pub mod project;
#[cfg(feature = "tool")]
pub mod raw;
#[cfg(feature = "tool")]
pub mod reader;
#[cfg(feature = "tool")]
pub mod recording;
#[cfg(feature = "tool")]
pub mod run;
#[cfg(feature = "tool")]
pub mod shelf;
#[cfg(feature = "tool")]
pub mod story;
#[cfg(feature = "tool")]
pub mod words;

/// Prints and tells the probe where the program does it.
#[macro_export]
macro_rules! print {
    ($($arg:tt)*) => {
        $crate::probe::print(::std::file!(), ::std::line!(), ::std::format!($($arg)*))
    };
}

/// Prints a line and tells the probe where the program does it.
#[macro_export]
macro_rules! println {
    () => {
        $crate::probe::print(::std::file!(), ::std::line!(), "\n".to_owned())
    };
    ($($arg:tt)*) => {
        $crate::probe::print(
            ::std::file!(),
            ::std::line!(),
            ::std::format!($($arg)*) + "\n",
        )
    };
}

/// In place of a call that installs a subscriber of `tracing`: the probe is installed already.
#[macro_export]
macro_rules! unheard {
    ($($call:tt)*) => {
        ()
    };
}

/// The same where the call has a result.
#[macro_export]
macro_rules! accepted {
    ($($call:tt)*) => {
        ::std::result::Result::<(), ::std::fmt::Error>::Ok(())
    };
}
