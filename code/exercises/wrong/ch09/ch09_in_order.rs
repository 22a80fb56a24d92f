//! Wrong: in the order of the arguments, which differs between callers.

use tokio::sync::{Mutex, MutexGuard};

/// Locks `accounts[a]` and `accounts[b]` and returns their guards in this order.
/// There are no two guards for one account: then it returns `None`, without waiting.
async fn lock_both(
    accounts: &[Mutex<u64>],
    a: usize,
    b: usize,
) -> Option<(MutexGuard<'_, u64>, MutexGuard<'_, u64>)> {
    if a == b {
        return None;
    }
    Some((accounts[a].lock().await, accounts[b].lock().await))
}

fn main() {}
