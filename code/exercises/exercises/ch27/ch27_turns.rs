//! Each host is asked for one page every ten seconds, and hosts don't wait for each other.
//!
//! Complete `take`: the first page of a host whose turn it is; or the next moment at which one will
//! be; or that all is done.

use std::collections::VecDeque;
use tokio::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_secs(10);

struct Host {
    pages: VecDeque<&'static str>,
    /// Not before this.
    next: Instant,
}

#[derive(Debug, PartialEq)]
enum Turn {
    Visit(&'static str),
    Wait(Instant),
    Done,
}

/// Whose turn is it?
fn take(hosts: &mut [Host]) -> Turn {
    // TODO: which of the hosts that have pages?
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep_until;

    fn host(pages: &[&'static str]) -> Host {
        let pages = pages.iter().copied().collect();
        let next = Instant::now();
        Host { pages, next }
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_host_is_asked_every_ten_seconds() {
        let start = Instant::now();
        let mut hosts = [host(&["a1", "a2"])];
        assert_eq!(take(&mut hosts), Turn::Visit("a1"));
        assert_eq!(take(&mut hosts), Turn::Wait(start + PAUSE));
        sleep_until(start + PAUSE).await;
        assert_eq!(take(&mut hosts), Turn::Visit("a2"));
        assert_eq!(take(&mut hosts), Turn::Done);
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_do_not_wait_for_each_other() {
        let mut hosts = [host(&["a1", "a2"]), host(&["b1"])];
        let turns = [take(&mut hosts), take(&mut hosts)];
        assert!(turns.contains(&Turn::Visit("a1")));
        assert!(turns.contains(&Turn::Visit("b1")));
    }

    #[tokio::test(start_paused = true)]
    async fn two_hosts_of_four_pages_take_as_long_as_one() {
        let start = Instant::now();
        let mut hosts = [host(&["a"; 4]), host(&["b"; 4])];
        loop {
            match take(&mut hosts) {
                Turn::Visit(_) => {}
                Turn::Wait(next) => sleep_until(next).await,
                Turn::Done => break,
            }
        }
        assert_eq!(start.elapsed(), 3 * PAUSE);
    }
}
