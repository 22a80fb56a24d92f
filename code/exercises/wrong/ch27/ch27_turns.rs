//! Wrong: the first host that has pages is asked, and if it isn't its turn, all wait for it.

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
    let Some(host) = hosts.iter_mut().find(|host| !host.pages.is_empty()) else {
        return Turn::Done;
    };
    if host.next > Instant::now() {
        return Turn::Wait(host.next);
    }
    host.next = Instant::now() + PAUSE;
    host.pages.pop_front().map_or(Turn::Done, Turn::Visit)
}

fn main() {}
