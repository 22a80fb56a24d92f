//! What the marked program tells by itself: it prints, blocks, aborts, takes a branch, panics.

use std::time::Duration;

use tokio::task::{AbortHandle, JoinHandle};

use super::line::Line;

/// The program is about to print, at this line.
pub fn printing(line: u32) {
    Line::new("print").number("line", line.into()).write();
}

/// The program is about to put its thread to sleep, at this line.
pub fn blocking(line: u32, duration: Duration) -> Duration {
    let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Line::new("block")
        .number("line", line.into())
        .number("ms", ms)
        .write();
    duration
}

/// A `select!` takes the branch whose future is at this place.
pub fn taken(place: u32) {
    Line::new("taken").number("place", place.into()).write();
}

/// What tells that it is about to be aborted: `(&task).aborting(7).abort()`.
pub trait Abort {
    /// Reports which task is aborted, and at which line.
    fn aborting(&self, line: u32) -> &Self;
}

impl<T> Abort for JoinHandle<T> {
    fn aborting(&self, line: u32) -> &Self {
        report_abort(self.id(), line);
        self
    }
}

impl Abort for AbortHandle {
    fn aborting(&self, line: u32) -> &Self {
        report_abort(self.id(), line);
        self
    }
}

/// Everything else with a method `abort`, of which there is nothing to report.
///
/// The call is resolved to [`Abort`] where that fits, since this needs one reference more.
pub trait Abortable {
    /// Reports nothing.
    fn aborting(&self, line: u32) -> &Self;
}

impl<T> Abortable for &T {
    fn aborting(&self, _: u32) -> &Self {
        self
    }
}

fn report_abort(task: tokio::task::Id, line: u32) {
    Line::new("abort")
        .text("id", &task.to_string())
        .number("line", line.into())
        .write();
}

/// Reports each panic before the program's own hook does.
pub fn report_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let line = panic.location().map_or(0, |place| place.line());
        let message = panic.payload_as_str().unwrap_or_default();
        Line::new("panic")
            .number("line", line.into())
            .text("message", message)
            .write();
        before(panic);
    }));
}
