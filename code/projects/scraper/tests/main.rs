//! The crawler against servers that misbehave, graphs that trap, and `kill -9`.

mod crash;
mod faults;
mod frontier;
mod polite;
mod program;
mod support;
mod termination;
