//! The chat platform, as clients see it, and what happens when something breaks.

mod access;
mod crash;
mod framing;
mod lines;
mod nodes;
mod order;
mod presence;
mod sessions;
mod silent;
mod slow;
mod stores;
mod support;
mod table;
