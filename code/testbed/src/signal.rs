//! Signals to processes that tests have started.

use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

/// Sends it to a child that has not been waited for, so that its id is still its own.
pub(crate) fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("a child may be signaled by its parent");
}
