//! An order service that survives a crash after any step.
pub mod audit;
pub mod bus;
pub mod command;
pub mod crash;
pub mod database;
pub mod event;
pub mod order;
pub mod parked;
pub mod saga;
pub mod shop;
pub mod stock;
pub mod store;
pub mod views;
pub mod world;
