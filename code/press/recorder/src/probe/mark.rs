//! Futures of the program that report each poll.

use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::task::coop;

use super::line::Line;
use super::stack::{self, Entry};
use super::{main_waker, recording};

/// One future at one place of the program, from its first poll until it finishes or is dropped.
pub struct Mark {
    id: u64,
}

/// A marked future is polled for the first time.
pub fn reach(place: u32, future: &str) -> Mark {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    Line::new("reach")
        .number("mark", id)
        .number("place", place.into())
        .text("future", future)
        .write();
    Mark { id }
}

impl Mark {
    /// Polls what is inside, and reports how it went.
    pub fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        inside: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if !recording() {
            return inside(cx);
        }
        let within = stack::mark();
        Line::new("look")
            .number("mark", self.id)
            .maybe("within", within)
            .write();
        let lent = match stack::task() {
            Some((task, true)) if within.is_none() => Some(main_waker::lend(task, cx.waker())),
            _ => None,
        };
        stack::push(Entry::Mark(self.id));
        let leave = Leave(self.id);
        let poll = match lent {
            Some(waker) => inside(&mut Context::from_waker(&waker)),
            None => inside(cx),
        };
        drop(leave);
        match poll {
            Poll::Ready(_) => Line::new("ready").number("mark", self.id).write(),
            Poll::Pending => Line::new("pending")
                .number("mark", self.id)
                .flag("spent", !coop::has_budget_remaining())
                .write(),
        }
        poll
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        Line::new("leave").number("mark", self.id).write();
    }
}

/// Takes a mark off the stack, also when the poll inside panics.
struct Leave(u64);

impl Drop for Leave {
    fn drop(&mut self) {
        stack::remove(|entry| *entry == Entry::Mark(self.0));
    }
}
