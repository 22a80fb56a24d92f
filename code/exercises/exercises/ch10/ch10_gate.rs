//! A gate that is closed at first and opens once: tasks that come before wait,
//! tasks that come after walk through.
//!
//! Complete `Gate`. Whoever passes must pass however late they come.

#![allow(unused_imports)]

use tokio::sync::{Notify, SetOnce};

/// Closed at first; opens once and stays open.
struct Gate {
    // TODO: what keeps "it is open" for those who come later?
}

impl Gate {
    fn new() -> Gate {
        todo!()
    }

    /// Opens the gate. Opening it twice does no harm.
    fn open(&self) {
        todo!()
    }

    /// Waits until the gate is open.
    async fn pass(&self) {
        todo!()
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

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
