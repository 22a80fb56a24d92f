//! What chapter 25 says of PostgreSQL, on a private server.

mod batches;
mod isolation;
mod pools;
mod support;
mod transactions;
mod wire;
