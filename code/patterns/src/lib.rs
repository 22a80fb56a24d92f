//! The patterns that the chapters of the book build, one concept a file.
//!
//! Each file is shown in its chapter and used by the systems of Part 9.
//! This package depends on no other package of the book.

pub mod async_facade;
pub mod batches;
pub mod blackboard;
pub mod board;
pub mod breaker;
pub mod cancel_at_every_await;
pub mod child_group;
pub mod condition;
pub mod deadline;
pub mod event;
pub mod frames;
pub mod group_commit;
pub mod happy_eyeballs;
pub mod hedge;
pub mod idle;
pub mod lifo_queue;
pub mod loader;
pub mod pool;
pub mod priority_queue;
pub mod process_pool;
pub mod retry;
pub mod scale;
pub mod shards;
pub mod single_flight;
pub mod slow_poll;
pub mod supervisor;
mod sync;
pub mod sync_facade;
pub mod task_group;
pub mod token_bucket;
pub mod watched;
pub mod worker_pool;
