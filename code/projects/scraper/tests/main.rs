//! The crawler against servers that misbehave, graphs that trap, and `kill -9`.

mod conformance;
mod crash;
mod fault_table;
mod faults;
mod polite;
mod program;
mod reading;
mod refused;
mod stores;
mod support;
mod termination;
mod together;
