//! Hears what Tokio reports when built with `--cfg tokio_unstable` and its feature `tracing`.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::line::Line;
use super::stack::{self, Entry};
use super::{caller, main_waker, quiet};

/// Listens from now on, unless the program has a subscriber already.
pub fn listen() -> bool {
    tracing::subscriber::set_global_default(Ear).is_ok()
}

static SPANS: LazyLock<Mutex<HashMap<u64, Span>>> = LazyLock::new(Mutex::default);

fn spans() -> MutexGuard<'static, HashMap<u64, Span>> {
    SPANS.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Span {
    references: u32,
    /// What it is if it is a task, such as `block_on`, and how many wakers of it exist.
    task: Option<(String, i64)>,
}

struct Ear;

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        target.starts_with("tokio") || target.starts_with("runtime")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let is_task = attributes.metadata().name() == "runtime.spawn";
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let span = Span {
            references: 1,
            task: is_task.then(|| (fields.get("kind").to_owned(), 0)),
        };
        spans().insert(id, span);
        if is_task {
            Line::new("spawn")
                .number("task", id)
                .text("id", fields.get("task.id"))
                .text("kind", fields.get("kind"))
                .text("name", fields.get("task.name"))
                .text("file", fields.get("loc.file"))
                .number("line", fields.number("loc.line"))
                .number("column", fields.number("loc.col"))
                .write();
        }
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        match event.metadata().target() {
            "tokio::task::waker" => waker(&fields),
            "runtime::resource::state_update" if fields.get("duration.unit") == "ms" => {
                Line::new("deadline")
                    .number("after", fields.number("duration"))
                    .maybe("mark", stack::mark())
                    .write();
            }
            _ => {}
        }
    }

    fn enter(&self, span: &Id) {
        let id = span.into_u64();
        let Some(kind) = kind_of(id) else { return };
        if kind == "blocking" {
            quiet::wait();
        }
        let blocks = kind == "block_on";
        stack::push(Entry::Task { id, blocks });
        Line::new("enter").number("task", id).write();
    }

    fn exit(&self, span: &Id) {
        let id = span.into_u64();
        let is_it = |entry: &Entry| matches!(entry, Entry::Task { id: task, .. } if *task == id);
        if stack::remove(is_it).is_some() {
            Line::new("exit")
                .number("task", id)
                .number("wakers", wakers_of(id))
                .flag("panics", std::thread::panicking())
                .write();
        }
    }

    fn clone_span(&self, span: &Id) -> Id {
        if let Some(span) = spans().get_mut(&span.into_u64()) {
            span.references += 1;
        }
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        let id = span.into_u64();
        let mut spans = spans();
        let Some(span) = spans.get_mut(&id) else {
            return true;
        };
        span.references -= 1;
        if span.references > 0 {
            return false;
        }
        let was_task = spans.remove(&id).is_some_and(|span| span.task.is_some());
        drop(spans);
        if was_task {
            Line::new("close")
                .number("task", id)
                .text("from", caller::why_dropped())
                .write();
        }
        true
    }
}

/// A waker of a task was cloned, called or dropped.
fn waker(fields: &Fields) {
    let id = fields.number("task.id");
    let change = match fields.get("op") {
        "waker.clone" => 1,
        "waker.drop" => -1,
        "waker.wake" => {
            report_wake(id);
            -1
        }
        _ => {
            report_wake(id);
            0
        }
    };
    if let Some(Some((_, wakers))) = spans().get_mut(&id).map(|span| &mut span.task) {
        *wakers += change;
    }
}

/// A waker of a task is called.
pub fn report_wake(task: u64) {
    let caller = caller::who_wakes();
    let mut line = Line::new("wake")
        .number("task", task)
        .text("from", caller.part);
    if let Some((file, row)) = caller.line {
        line = line.text("file", &file).number("line", row);
    }
    line.write();
}

/// How many wakers of a task exist that could still be called.
fn wakers_of(task: u64) -> u64 {
    let counted = || match spans().get(&task).map(|span| &span.task) {
        Some(Some((_, wakers))) => u64::try_from(*wakers).unwrap_or(0),
        _ => 0,
    };
    main_waker::count(task).unwrap_or_else(counted)
}

fn kind_of(span: u64) -> Option<String> {
    let spans = spans();
    let (kind, _) = spans.get(&span)?.task.as_ref()?;
    Some(kind.clone())
}

/// The fields of a span or event, as text.
#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| *field == name);
        found.map_or("", |(_, value)| value)
    }

    fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap_or(0)
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }
}
