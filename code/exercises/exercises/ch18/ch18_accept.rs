//! A server accepts connections from a `Door`, and each may fail: a client gave up while it
//! waited, or there's no descriptor left for it. Neither is a reason to end the server.
//!
//! Complete `serve`, which counts the clients it has greeted until the door is closed. After
//! an error it goes on, and it pauses for 100 ms if there was no descriptor left.

use std::io;
use std::time::Duration;
use tokio::time::sleep;

#[derive(Debug)]
enum Accept {
    Client,
    GaveUp,
    NoDescriptor,
}

trait Door {
    /// The next client, or what went wrong; `None` once the door is closed.
    async fn accept(&mut self) -> Option<Accept>;
}

const PAUSE: Duration = Duration::from_millis(100);

async fn serve(door: &mut impl Door) -> io::Result<u32> {
    // TODO: count the clients; survive the rest.
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use tokio::time::Instant;

    /// Lets in what it's told. Without a descriptor it fails until `freed`.
    struct Script {
        events: VecDeque<Accept>,
        freed: Instant,
        failures: u32,
    }

    impl Script {
        fn new(events: impl Into<VecDeque<Accept>>, freed: Duration) -> Self {
            let (events, freed) = (events.into(), Instant::now() + freed);
            Script {
                events,
                freed,
                failures: 0,
            }
        }
    }

    impl Door for Script {
        async fn accept(&mut self) -> Option<Accept> {
            if Instant::now() < self.freed {
                self.failures += 1;
                assert!(self.failures < 1_000, "the loop spins");
                return Some(Accept::NoDescriptor);
            }
            self.events.pop_front()
        }
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn each_client_is_greeted() -> io::Result<()> {
        let mut door = Script::new([Accept::Client, Accept::Client], Duration::ZERO);
        assert_eq!(serve(&mut door).await?, 2);
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_gave_up_is_no_reason_to_stop_nor_to_wait() -> io::Result<()> {
        let start = Instant::now();
        let events = [Accept::GaveUp, Accept::Client, Accept::GaveUp];
        let mut door = Script::new(events, Duration::ZERO);
        assert_eq!(serve(&mut door).await?, 1);
        assert_eq!(start.elapsed(), Duration::ZERO);
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_descriptor_it_pauses_and_tries_again() -> io::Result<()> {
        let mut door = Script::new([Accept::Client], Duration::from_secs(1));
        assert_eq!(serve(&mut door).await?, 1);
        assert_eq!(door.failures, 10);
        Ok(())
    }
}
