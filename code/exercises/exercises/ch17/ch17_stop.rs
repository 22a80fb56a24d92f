//! A process is to be ended: asked with TERM, given some grace, then killed, and waited for
//! in any case, so that no zombie stays behind. What has ended is not signaled anymore, since
//! its id may belong to another process by then.
//!
//! Complete `stop`.

use std::time::Duration;
use tokio::time::timeout;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Term,
    Kill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Code(i32),
    Killed(Signal),
}

trait Process {
    fn signal(&mut self, signal: Signal);
    /// Waits until the process has ended. Can be dropped, and called again.
    async fn wait(&mut self) -> Exit;
    /// How it ended, if it has.
    fn try_wait(&mut self) -> Option<Exit>;
}

/// Ends `process`, and says how it ended.
async fn stop(process: &mut impl Process, grace: Duration) -> Exit {
    // TODO: look, ask, wait for `grace`, kill, wait again.
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, sleep_until};

    const SECOND: Duration = Duration::from_secs(1);
    const GRACE: Duration = Duration::from_secs(10);

    /// A process that ends `term` after it is asked, and a second after it is killed.
    struct Fake {
        term: Duration,
        ends: Option<(Instant, Exit)>,
        signals: Vec<(Signal, Duration)>,
        start: Instant,
        waited_for: bool,
    }

    impl Fake {
        fn new(term: Duration) -> Self {
            let (ends, signals, start) = (None, Vec::new(), Instant::now());
            Self {
                term,
                ends,
                signals,
                start,
                waited_for: false,
            }
        }
    }

    impl Process for Fake {
        fn signal(&mut self, signal: Signal) {
            assert!(!self.waited_for, "the id is free, and you signal it");
            let now = Instant::now();
            self.signals.push((signal, now - self.start));
            self.ends = Some(match signal {
                Signal::Term => (now + self.term, Exit::Code(0)),
                Signal::Kill => (now + SECOND, Exit::Killed(signal)),
            });
        }

        async fn wait(&mut self) -> Exit {
            let (at, exit) = self.ends.expect("it is asked to end");
            sleep_until(at).await;
            self.waited_for = true;
            exit
        }

        fn try_wait(&mut self) -> Option<Exit> {
            let (at, exit) = self.ends?;
            self.waited_for |= at <= Instant::now();
            self.waited_for.then_some(exit)
        }
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn who_ends_when_asked_is_not_killed() {
        let mut polite = Fake::new(3 * SECOND);
        assert_eq!(stop(&mut polite, GRACE).await, Exit::Code(0));
        assert_eq!(polite.signals, [(Signal::Term, Duration::ZERO)]);
        assert_eq!(polite.start.elapsed(), 3 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_is_killed_after_the_grace_and_waited_for() {
        let mut stubborn = Fake::new(3600 * SECOND);
        let killed = Exit::Killed(Signal::Kill);
        assert_eq!(stop(&mut stubborn, GRACE).await, killed);
        assert_eq!(
            stubborn.signals,
            [(Signal::Term, Duration::ZERO), (Signal::Kill, GRACE)]
        );
        assert!(stubborn.waited_for, "a zombie");
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_ended_is_not_signaled() {
        let mut ended = Fake::new(SECOND);
        ended.ends = Some((Instant::now(), Exit::Code(7)));
        assert_eq!(stop(&mut ended, GRACE).await, Exit::Code(7));
        assert_eq!(ended.signals, []);
    }
}
