//! Scenarios that end badly, and what must hold afterwards.

mod aborts;
mod api;
mod buses;
mod conformance;
mod consumers;
mod crash_table;
mod fault_table;
mod faults;
mod format;
mod leases;
mod postgres;
mod sagas;
mod simulation;
mod support;
mod views;
