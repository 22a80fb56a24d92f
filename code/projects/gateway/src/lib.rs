//! An API gateway.
