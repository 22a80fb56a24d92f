//! What chapter 25 does with PostgreSQL.
//!
//! Each file is one topic of the chapter. `tests/` proves what the text says of them, on a
//! private server: `cargo test -p databases -- --ignored`.

pub mod insert;
pub mod isolation;
pub mod load;
pub mod migrate;
pub mod notify;
pub mod pool;
