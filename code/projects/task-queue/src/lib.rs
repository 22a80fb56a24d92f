//! A distributed task queue: jobs are stored, leased to workers, retried, and never lost.
//!
//! ```text
//!   enqueue                          claim                     finish
//!  ─────────► ready ────────────────────────► running ───────────────────► completed
//!     │         ▲ ▲                             │ │ │                      (result kept)
//!     │ delay   │ │ due         failed: retry   │ │ │ failed for good
//!     ├──────► delayed ◄────────────────────────┘ │ └──────────► dead letters ──► requeue
//!     │ after     │                               │                  ▲
//!     └──────► blocked            lease ran out   │                  │ one recovery
//!               (dependencies)    or released:    │                  │ too many, or
//!               ▲                 same place ─────┘──────────────────┘ too old
//!               └ in line
//! ```
//!
//! - [`job`] says what a job is, [`name`] what it may be called, [`invalid`] and [`error`] what can go wrong.
//! - [`broker`] is the store's contract. Whatever state a job is in, exactly one place in the store
//!   says so, and every move between two states is one transaction (SQLite) or one script (Redis).
//! - [`broker::sqlite`] keeps jobs in a file: one thread writes, and all that asked for a change
//!   while it was writing share its next commit.
//! - [`broker::redis`] keeps them in Redis, for many machines: one script for each call.
//! - [`worker`] runs jobs with the functions of a [`handler::Registry`]; [`demo`] has some to try.
//!   [`retry`] says how long failed jobs wait, [`scale`] how many run at once, [`upkeep`] does what time asks for.
//! - [`telemetry`] and [`metrics`] show what goes on.
//!
//! A worker that crashes, stalls or is cut off loses its lease; the job goes back in line, and the
//! lease's token keeps the old worker from completing what is no longer its own.

pub mod broker;
pub mod client;
pub mod config;
pub mod demo;
pub mod error;
pub mod handler;
pub mod http;
pub mod invalid;
pub mod job;
pub mod metrics;
pub mod name;
mod outage;
pub mod retry;
pub use patterns::scale;
pub mod server;
mod sync;
pub mod telemetry;
pub mod upkeep;
pub mod worker;
