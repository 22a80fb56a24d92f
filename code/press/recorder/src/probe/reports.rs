//! What the marked program tells by itself: it prints, blocks, aborts, takes a branch, panics.

use std::cell::Cell;
use std::panic::PanicHookInfo;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinHandle};

use super::line::Line;
use super::{line, recording};

/// The program prints a text, at this line: nothing comes between the report and the text.
pub fn print(file: &str, line: u32, text: String) {
    if !recording() {
        std::print!("{text}");
        return;
    }
    let report = Line::new("print")
        .text("file", file)
        .number("line", line.into());
    line::with_text(report, &text);
}

/// The program is about to put its thread to sleep, at this line.
pub fn blocking(file: &str, line: u32, duration: Duration) -> Duration {
    let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Line::new("block")
        .text("file", file)
        .number("line", line.into())
        .number("ms", ms)
        .write();
    duration
}

/// A `select!` takes the branch whose future is at this place.
pub fn taken(place: u32) {
    Line::new("taken").number("place", place.into()).write();
}

/// What tells that it is about to be aborted: `(&task).aborting(…).abort()`.
pub trait Abort {
    /// Reports which task is aborted, and at which line.
    fn aborting(&self, file: &str, line: u32) -> &Self;
}

impl<T> Abort for JoinHandle<T> {
    fn aborting(&self, file: &str, line: u32) -> &Self {
        report_abort(self.id(), file, line);
        self
    }
}

impl Abort for AbortHandle {
    fn aborting(&self, file: &str, line: u32) -> &Self {
        report_abort(self.id(), file, line);
        self
    }
}

/// Everything else with a method `abort`, of which there is nothing to report.
///
/// The call is resolved to [`Abort`] where that fits, since this needs one reference more.
pub trait Abortable {
    /// Reports nothing.
    fn aborting(&self, file: &str, line: u32) -> &Self;
}

impl<T> Abortable for &T {
    fn aborting(&self, _: &str, _: u32) -> &Self {
        self
    }
}

fn report_abort(task: tokio::task::Id, file: &str, line: u32) {
    Line::new("abort")
        .text("id", &task.to_string())
        .text("file", file)
        .number("line", line.into())
        .write();
}

/// A hook for panics.
type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send + 'static>;

/// Reports each panic before the hook does that is installed already.
pub fn report_panics() {
    std::panic::set_hook(hook(std::panic::take_hook()));
}

/// A hook of the program's own, which a report goes before.
///
/// A hook may call the one that was installed before it, which reports too: one report a panic.
pub fn hook(own: Hook) -> Hook {
    thread_local! {
        static REPORTED: Cell<bool> = const { Cell::new(false) };
    }
    Box::new(move |panic| {
        let outermost = !REPORTED.replace(true);
        if outermost {
            let place = panic.location();
            Line::new("panic")
                .text("file", place.map_or("", |place| place.file()))
                .number("line", place.map_or(0, |place| place.line()).into())
                .text("message", panic.payload_as_str().unwrap_or_default())
                .write();
        }
        own(panic);
        if outermost {
            REPORTED.set(false);
        }
    })
}
