//! `taskq`: the queue on the command line.

fn main() {}
