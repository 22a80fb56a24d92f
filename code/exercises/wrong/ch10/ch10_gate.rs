//! Wrong: an edge: those who come after the gate was opened wait for ever.

#![allow(unused_imports)]

use tokio::sync::{Notify, SetOnce};

/// Closed at first; opens once and stays open.
struct Gate {
    opened: Notify,
}

impl Gate {
    fn new() -> Gate {
        Gate {
            opened: Notify::new(),
        }
    }

    /// Opens the gate. Opening it twice does no harm.
    fn open(&self) {
        self.opened.notify_waiters();
    }

    /// Waits until the gate is open.
    async fn pass(&self) {
        self.opened.notified().await;
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::{sleep, timeout};

    const HOUR: Duration = Duration::from_secs(3600);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_closed_gate_lets_no_one_pass() {
        let gate = Gate::new();
        assert!(timeout(HOUR, gate.pass()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_wait_pass_when_it_opens() {
        let gate = Gate::new();
        let opener = async {
            sleep(Duration::from_secs(1)).await;
            gate.open();
        };
        let everyone = async { tokio::join!(gate.pass(), gate.pass(), opener) };
        assert!(timeout(HOUR, everyone).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_come_later_pass_too() {
        let gate = Gate::new();
        gate.open();
        gate.open();
        assert!(timeout(HOUR, gate.pass()).await.is_ok());
    }
}
