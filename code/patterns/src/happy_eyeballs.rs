//! Happy eyeballs: try several ways to one goal, each a little after the one before it,
//! and take the first that succeeds.
//!
//! You want it when one of several addresses may be dead, and asking all at once would be rude.
//! The rules are those of RFC 8305, sections 4 and 5, without its handling of DNS:
//! <https://www.rfc-editor.org/rfc/rfc8305>.

use futures::stream::{FuturesUnordered, StreamExt};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// How long one attempt is alone before the next one starts, as the RFC recommends.
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The RFC forbids two starts within this time, even if the first attempt has failed.
pub const MINIMUM_GAP: Duration = Duration::from_millis(10);

/// Runs `attempts` in their order, each `delay` after the one before it, until one succeeds.
///
/// A failure brings the next start forward, to [`MINIMUM_GAP`] after the last one.
///
/// # Errors
///
/// All errors, in the order in which they came, if no attempt succeeds.
///
/// # Panics
///
/// When an attempt panics.
///
/// # Cancel safety
///
/// Dropping the future drops the attempts that run, as success does with the losers.
// ANCHOR: first_success
pub async fn first_success<T, E, A>(
    attempts: impl IntoIterator<Item = A>,
    delay: Duration,
) -> Result<T, Vec<E>>
where
    A: Future<Output = Result<T, E>>,
{
    let mut waiting = attempts.into_iter().peekable();
    let mut running = FuturesUnordered::new();
    let mut errors = Vec::new();
    let mut started = Instant::now();
    let mut due = started; // the next attempt starts then
    loop {
        tokio::select! {
            Some(answer) = running.next() => match answer {
                Ok(value) => return Ok(value),
                Err(error) => {
                    errors.push(error);
                    due = due.min(started + MINIMUM_GAP);
                }
            },
            () = sleep_until(due), if waiting.peek().is_some() => {
                running.extend(waiting.next());
                started = Instant::now();
                due = started + delay;
            }
            else => return Err(errors),
        }
    }
}
// ANCHOR_END: first_success

/// Connects to the first of `addresses` that accepts, in the order of [`interleave`].
///
/// # Errors
///
/// The error of the attempt that failed last; [`io::ErrorKind::InvalidInput`] without addresses.
// ANCHOR: connect
pub async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let attempts = interleave(addresses).into_iter().map(TcpStream::connect);
    first_success(attempts, ATTEMPT_DELAY)
        .await
        .map_err(|mut errors| {
            let none = || io::Error::new(io::ErrorKind::InvalidInput, "no addresses");
            errors.pop().unwrap_or_else(none)
        })
}

/// Lets IPv6 and IPv4 take turns, beginning with the family of the first address.
pub fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let is_first_family = |address: &SocketAddr| address.is_ipv6() == addresses[0].is_ipv6();
    let (first, second): (Vec<_>, Vec<_>) = addresses.iter().copied().partition(is_first_family);
    let turns = first.len().max(second.len());
    let turn = |n| [first.get(n).copied(), second.get(n).copied()];
    (0..turns).flat_map(turn).flatten().collect()
}
// ANCHOR_END: connect

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Mutex;
    use tokio::net::TcpListener;
    use tokio::time::sleep;

    const DELAY: Duration = Duration::from_millis(250);

    /// Each attempt: how many milliseconds it takes, and whether it succeeds.
    /// Returns the answer, the moments of the starts, and how long it took.
    async fn run(plan: &[(u64, bool)]) -> (Result<usize, Vec<usize>>, Vec<Duration>, Duration) {
        let begin = Instant::now();
        let starts = Mutex::new(Vec::new());
        let attempts = plan.iter().enumerate().map(|(index, &(millis, succeeds))| {
            let starts = &starts;
            async move {
                starts.lock().unwrap().push(begin.elapsed());
                sleep(Duration::from_millis(millis)).await;
                if succeeds { Ok(index) } else { Err(index) }
            }
        });
        let answer = first_success(attempts, DELAY).await;
        (answer, starts.into_inner().unwrap(), begin.elapsed())
    }

    fn millis(numbers: &[u64]) -> Vec<Duration> {
        numbers.iter().copied().map(Duration::from_millis).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_quick_first_attempt_stays_alone() {
        let (answer, starts, _) = run(&[(200, true), (1, true)]).await;
        assert_eq!((answer, starts), (Ok(0), millis(&[0])));
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_first_attempt_costs_one_delay() {
        let (answer, starts, took) = run(&[(75_000, false), (30, true), (1, true)]).await;
        assert_eq!((answer, starts), (Ok(1), millis(&[0, 250])));
        assert_eq!(took, Duration::from_millis(280));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_first_attempt_may_still_win() {
        let (answer, starts, took) = run(&[(300, true), (100, true)]).await;
        assert_eq!((answer, starts), (Ok(0), millis(&[0, 250])));
        assert_eq!(took, Duration::from_millis(300));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_starts_the_next_at_once_but_not_within_the_gap() {
        let (answer, starts, _) = run(&[(1, false), (30, false), (5, true)]).await;
        assert_eq!((answer, starts), (Ok(2), millis(&[0, 10, 40])));
    }

    #[tokio::test(start_paused = true)]
    async fn all_errors_come_back_in_the_order_in_which_they_came() {
        let (answer, _, took) = run(&[(400, false), (20, false)]).await;
        assert_eq!(answer, Err(vec![1, 0]));
        assert_eq!(took, Duration::from_millis(400));
        assert_eq!(run(&[]).await.0, Err(vec![]));
    }

    #[tokio::test]
    async fn connect_passes_over_a_port_that_refuses() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (refuses, accepts) = (closed.local_addr().unwrap(), open.local_addr().unwrap());
        drop(closed);
        let stream = connect(&[refuses, accepts]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), accepts);
        assert_eq!(
            connect(&[]).await.unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
    }

    #[test]
    fn families_take_turns() {
        let parse = |text: &str| text.parse().unwrap();
        let addresses = ["[::1]:1", "[::1]:2", "[::1]:3", "1.1.1.1:4"].map(parse);
        let turns = ["[::1]:1", "1.1.1.1:4", "[::1]:2", "[::1]:3"].map(parse);
        assert_eq!(interleave(&addresses), turns);
        assert_eq!(interleave(&[]), []);
    }

    proptest! {
        #[test]
        fn succeeds_if_an_attempt_does_and_keeps_the_gaps(
            plan in prop::collection::vec((1..1_000_u64, any::<bool>()), 0..8),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time().start_paused(true).build().unwrap();
            let (answer, starts, _) = runtime.block_on(run(&plan));
            prop_assert_eq!(answer.is_ok(), plan.iter().any(|(_, succeeds)| *succeeds));
            if let Err(errors) = answer {
                prop_assert_eq!(errors.len(), plan.len());
            }
            for pair in starts.windows(2) {
                prop_assert!((MINIMUM_GAP..=DELAY).contains(&(pair[1] - pair[0])));
            }
        }
    }
}
