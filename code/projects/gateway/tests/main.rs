//! What the gateway does with requests, servers and clients of all kinds. One binary.

mod balancing;
mod caching;
mod clients;
mod config;
mod operating;
mod servers;
mod support;
mod vectors;
mod versions;
