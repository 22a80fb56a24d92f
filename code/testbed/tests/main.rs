//! What breaks others must not be broken itself.
//! Tests that need a service start one of their own: `cargo test -p testbed -- --include-ignored`.

mod fault_table;
mod peer;
mod postgres;
mod program;
mod proxy;
mod redis;
