//! Scenarios that end badly, and what must hold afterwards.

mod aborts;
mod api;
mod consumers;
mod crash_table;
mod format;
mod sagas;
mod store;
mod support;
mod views;
