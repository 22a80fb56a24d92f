//! The edge that every system of Part 9 has, in one copy: what stands between the operating
//! system, the network and the code that the chapter is about.
//!
//! ```text
//!  signals ──► run ──► stop ─────────────┐
//!  options ──► run                       ▼
//!  network ──► serve ──► guard ──► router: body, problem, live, health, metrics, page
//!                                        ▲
//!                     client ────────────┘  (from another process)
//! ```
//!
//! - [`options`] are those that every system takes, each with its bounds.
//! - [`run`] is all that `main` does: a runtime, signals, a message for an error, an exit code.
//! - [`serve`](serve::serve) accepts connections within limits, and ends in order.
//! - [`guard`] says who may ask: a token, or this machine and none of the pages that its browsers show.
//! - [`body`] reads requests, [`problem`] is how errors are answered, [`live`] tells what changes.
//! - [`health`], [`metrics`], [`page`], [`telemetry`] and [`trace`] are for those who run it.
//! - [`client`] asks such a server, and [`redis`] a Redis that several of them share; [`percent`]
//!   compares addresses.
//!
//! A whole program:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use axum::Router;
//! use axum::routing::get;
//! use clap::Parser;
//! use service::guard::Guard;
//! use service::options::{self, Edge};
//! use service::serve::serve;
//!
//! /// Greets.
//! #[derive(Parser)]
//! #[command(mut_args(options::variables("GREET")))]
//! struct Config {
//!     #[command(flatten)]
//!     edge: Edge,
//! }
//!
//! fn main() -> ExitCode {
//!     let edge = Config::parse().edge;
//!     service::run(async |stop| {
//!         edge.begin()?;
//!         let greeting = Router::new().route("/", get(async || "hello\n"));
//!         let router = Guard::new(&edge).around(greeting, Router::new());
//!         let listener = edge.bind().await?;
//!         serve(listener, router, edge.limits(), stop).await;
//!         Ok(())
//!     })
//! }
//! ```

pub mod body;
pub mod client;
pub mod guard;
pub mod health;
pub mod live;
pub mod metrics;
pub mod options;
pub mod page;
pub mod percent;
pub mod problem;
pub mod redis;
mod run;
pub mod serve;
pub mod telemetry;
pub mod trace;

pub use run::{file_limit, raise_file_limit, run};
