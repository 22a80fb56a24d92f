//! Scenarios that end badly, and what must hold afterwards.

mod crash_table;
mod support;
