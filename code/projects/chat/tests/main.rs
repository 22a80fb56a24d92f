//! The chat platform, as clients see it, and what happens when something breaks.

mod access;
mod crash;
mod framing;
mod lines;
mod load;
mod memory;
mod nodes;
mod options;
mod order;
mod outbox;
mod presence;
mod seeds;
mod sessions;
mod silent;
mod slow;
mod stores;
mod support;
mod table;
mod traces;
