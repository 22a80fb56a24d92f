//! What the gateway does with requests, servers and clients of all kinds. One binary.

mod balancing;
mod caching;
mod changes;
mod clients;
mod config;
mod fault_table;
mod frames;
mod laws;
mod listening;
mod many;
mod numbers;
mod operating;
mod pooled;
mod servers;
mod shared;
mod support;
mod vectors;
mod versions;
