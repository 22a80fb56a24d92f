//! The ways to run a test under loom.

use std::sync::Arc;

pub(crate) use checked::{spawn, spawn_task};
use tokio::runtime::{Builder, Runtime};

/// Runs `check` once for each order that takes at most three preemptions; see [`checked::every_order`].
///
/// The clock stands still, so that a timeout never ends: code that misses a signal and would be helped by its next
/// look waits forever here, and loom reports the deadlock.
pub(crate) fn every_order(check: impl Fn() + Send + Sync + 'static) {
    let runtime = paused();
    let _entered = runtime.enter();
    checked::every_order(check);
}

/// Runs `check` in one thread, on a clock that leaps to the next timer.
pub(crate) fn on_paused_clock(check: impl AsyncFn() + Send + Sync + 'static) {
    let (runtime, check) = (Arc::new(paused()), Arc::new(check));
    loom::model(move || {
        let (runtime, check) = (Arc::clone(&runtime), Arc::clone(&check));
        spawn(move || runtime.block_on(check())).join().unwrap();
    });
}

fn paused() -> Runtime {
    let mut runtime = Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap()
}
