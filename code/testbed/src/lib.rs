//! How the systems of Part 9 are broken, and how they are measured. For tests and benchmarks only.
//!
//! - [`program`] runs a system as a child process: started, asked, stopped, killed.
//! - [`redis`] and [`postgres`] are private servers that end with the test that asked for them.
//! - [`services`] says whether such a server is installed.
//! - [`proxy`] stands between two of them and does harm on command.
//! - [`seeds`] plays stories that a seed decides.
//! - [`fault_table`] holds the table of faults in a README to the tests that there are.
//! - [`machine`], [`peer`], [`install`], [`only`] and [`report`] are what a benchmark against others needs.
//!
//! What a test asks for and does not get is a panic that says what was missing. No port is fixed,
//! and nothing outside of loopback is reached, but for [`install`].

pub mod fault_table;
pub mod install;
pub mod machine;
pub mod only;
pub mod peer;
pub mod postgres;
pub mod program;
pub mod proxy;
pub mod redis;
pub mod report;
pub mod seeds;
pub mod services;
mod signal;
