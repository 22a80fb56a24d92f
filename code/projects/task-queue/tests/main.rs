//! What the task queue promises, tried on both stores.
//! Tests that need `redis-server` start one of their own: `cargo test -p task-queue -- --include-ignored`.

mod api;
mod cancelled;
mod conformance;
mod fault_table;
mod handler_faults;
mod http_faults;
mod model;
mod options;
mod problems;
mod processes;
mod program;
mod proxy_faults;
mod redis_faults;
mod redis_outages;
mod retries;
mod scripted;
mod served;
mod sqlite_faults;
mod stores;
mod support;
mod telemetry;
mod worker;
