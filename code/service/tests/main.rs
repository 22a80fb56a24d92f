//! The edge over real sockets: silent, slow, many and large; and the program that stands on it.

mod client;
mod page;
mod program;
mod serving;
