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
    let low = accounts[a.min(b)].lock().await;
    let high = accounts[a.max(b)].lock().await;
    Some(if a < b { (low, high) } else { (high, low) })
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::{sleep, timeout};

    const HOUR: Duration = Duration::from_secs(3600);

    fn accounts() -> [Mutex<u64>; 3] {
        [10, 20, 30].map(Mutex::new)
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn the_guards_come_in_the_order_asked_for() {
        let accounts = accounts();
        let (a, b) = lock_both(&accounts, 2, 0).await.unwrap();
        assert_eq!((*a, *b), (30, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn one_account_twice_is_refused_without_waiting() {
        let accounts = accounts();
        let _held = accounts[1].lock().await;
        let both = timeout(HOUR, lock_both(&accounts, 1, 1)).await;
        assert!(both.expect("it must not wait").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn two_transfers_in_opposite_directions_both_end() {
        let accounts = accounts();
        let transfer = async |from, to| {
            let (mut from, mut to) = lock_both(&accounts, from, to).await.unwrap();
            *from -= 1;
            *to += 1;
        };
        let held = async {
            let _held = accounts[0].lock().await;
            sleep(Duration::from_secs(1)).await; // both come meanwhile
        };
        let all = async { tokio::join!(held, transfer(0, 1), transfer(1, 0)) };
        assert!(timeout(HOUR, all).await.is_ok(), "a deadlock");
        assert_eq!(*accounts[0].lock().await, 10);
    }
}
