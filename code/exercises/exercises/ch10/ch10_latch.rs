//! A countdown latch: it is made with a number, each `count_down` takes one off, and
//! `wait` returns when none is left. Unlike a barrier, those who count down don't wait.
//!
//! Complete `Latch` on top of a `watch` channel.

use tokio::sync::watch;

/// Opens when it has been counted down to zero.
struct Latch {
    left: watch::Sender<usize>,
}

impl Latch {
    fn new(count: usize) -> Latch {
        Latch {
            left: watch::Sender::new(count),
        }
    }

    /// Takes one off. Below zero it stays at zero.
    fn count_down(&self) {
        // TODO: change the value in place, whether or not anyone listens.
        todo!()
    }

    /// Waits until none is left.
    async fn wait(&self) {
        // TODO: none may be left already.
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
    use tokio::time::timeout;

    const HOUR: Duration = Duration::from_secs(3600);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn it_opens_with_the_last_count() {
        let latch = Latch::new(2);
        latch.count_down();
        assert!(timeout(HOUR, latch.wait()).await.is_err());
        latch.count_down();
        assert!(timeout(HOUR, latch.wait()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_latch_of_none_is_open() {
        assert!(timeout(HOUR, Latch::new(0).wait()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn counting_below_zero_keeps_it_open() {
        let latch = Latch::new(1);
        latch.count_down();
        latch.count_down();
        assert!(timeout(HOUR, latch.wait()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_are_woken() {
        let latch = Latch::new(1);
        let both = async { tokio::join!(latch.wait(), async { latch.count_down() }) };
        assert!(timeout(HOUR, both).await.is_ok());
    }
}
