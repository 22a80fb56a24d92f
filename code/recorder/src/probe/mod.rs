//! What a recorded program links: it hears Tokio and writes one line for each event.
//!
//! The lines go to standard output, between those of the program, so that one pipe keeps the
//! order. Each begins with [`SIGN`]; [`crate::raw`] reads them back.
//! Without the variable [`SWITCH`] in the environment nothing is installed.

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::coop;
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Begins every line of the probe: ASCII's record separator, which no program prints.
pub const SIGN: char = '\u{1e}';

/// The environment variable that turns the probe on; its value is the program's file name.
pub const SWITCH: &str = "RECORDER_PROGRAM";

#[ctor::ctor(unsafe)]
fn install() {
    let Ok(program) = std::env::var(SWITCH) else {
        return;
    };
    if PROGRAM.set(program).is_err() || tracing::subscriber::set_global_default(Probe).is_err() {
        return;
    }
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

static PROGRAM: OnceLock<String> = OnceLock::new();
static STATE: LazyLock<Mutex<State>> = LazyLock::new(Mutex::default);
static START: OnceLock<Instant> = OnceLock::new();

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn recording() -> bool {
    PROGRAM.get().is_some()
}

#[derive(Default)]
struct State {
    spans: HashMap<u64, Span>,
    /// How many wakers of a task exist, by the id of its span.
    wakers: HashMap<u64, i64>,
    /// The waker lent to what `block_on` runs.
    lent: HashMap<u64, Arc<Lent>>,
}

struct Span {
    references: u32,
    kind: Kind,
}

#[derive(Clone, PartialEq)]
enum Kind {
    Task { blocks: bool },
    Resource { concrete: String },
    Other,
}

thread_local! {
    /// The spans and marks that this thread is inside of, outermost first.
    static STACK: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
    static THREAD: u32 = {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

#[derive(Clone)]
enum Entry {
    Task { id: u64, blocks: bool },
    Mark(u64),
    Resource { id: u64, concrete: String },
    Other(u64),
}

impl Entry {
    fn span(&self) -> Option<u64> {
        match self {
            Entry::Task { id, .. } | Entry::Resource { id, .. } | Entry::Other(id) => Some(*id),
            Entry::Mark(_) => None,
        }
    }
}

fn on_stack<T>(look: impl FnOnce(&mut Vec<Entry>) -> T) -> Option<T> {
    STACK.try_with(|stack| look(&mut stack.borrow_mut())).ok()
}

/// The task that runs on this thread, and whether it is what `block_on` runs.
fn current_task() -> Option<(u64, bool)> {
    on_stack(|stack| {
        stack.iter().rev().find_map(|entry| match entry {
            Entry::Task { id, blocks } => Some((*id, *blocks)),
            _ => None,
        })
    })?
}

/// The innermost mark of the task that runs.
fn current_mark() -> Option<u64> {
    on_stack(|stack| {
        let inner = stack.iter().rev();
        inner
            .take_while(|entry| !matches!(entry, Entry::Task { .. }))
            .find_map(|entry| match entry {
                Entry::Mark(id) => Some(*id),
                _ => None,
            })
    })?
}

// ---------------------------------------------------------------- marks

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
        .maybe("within", current_mark())
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
        Line::new("look").number("mark", self.id).write();
        let lent = match (current_task(), current_mark()) {
            (Some((task, true)), None) => Some(lend(task, cx.waker())),
            _ => None,
        };
        on_stack(|stack| stack.push(Entry::Mark(self.id)));
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
        on_stack(|stack| {
            let found = stack
                .iter()
                .rposition(|entry| matches!(entry, Entry::Mark(id) if *id == self.0));
            if let Some(index) = found {
                stack.remove(index);
            }
        });
    }
}

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

// ---------------------------------------------------------------- main's waker

/// Tokio does not report who wakes the future of `block_on`, so its marks pass on this waker.
struct Lent {
    task: u64,
    real: Waker,
}

impl Wake for Lent {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        report_wake(self.task);
        self.real.wake_by_ref();
    }
}

fn lend(task: u64, real: &Waker) -> Waker {
    let mut state = state();
    let lent = state.lent.entry(task).or_insert_with(|| {
        Arc::new(Lent {
            task,
            real: real.clone(),
        })
    });
    if !lent.real.will_wake(real) {
        *lent = Arc::new(Lent {
            task,
            real: real.clone(),
        });
    }
    Waker::from(Arc::clone(lent))
}

fn report_wake(task: u64) {
    let caller = Caller::find();
    Line::new("wake")
        .number("task", task)
        .text("from", caller.part)
        .maybe("line", caller.line)
        .write();
}

/// How many wakers of a task exist that could still be called.
fn wakers_of(task: u64) -> u64 {
    let state = state();
    if let Some(lent) = state.lent.get(&task) {
        // One reference is in the map.
        return (Arc::strong_count(lent) - 1) as u64;
    }
    u64::try_from(state.wakers.get(&task).copied().unwrap_or(0)).unwrap_or(0)
}

// ---------------------------------------------------------------- who calls

/// Who called Tokio, read from the stack.
struct Caller {
    /// The part of Tokio that acts of its own accord, or nothing when the program does.
    part: &'static str,
    /// The line of the program nearest to the call.
    line: Option<u64>,
}

/// Names on the stack that tell which part of Tokio acts; the first that is found counts.
const PARTS: [(&str, &str); 8] = [
    ("close_and_shutdown_all", "shutdown"),
    ("harness::cancel_task", "cancel"),
    ("task::harness::Harness<T,S>::complete", "completion"),
    ("scheduler::defer", "yield"),
    ("runtime::time::", "timer"),
    ("runtime::process", "process"),
    ("runtime::signal", "signal"),
    ("runtime::io::", "io"),
];

impl Caller {
    fn find() -> Self {
        let text = Backtrace::force_capture().to_string();
        let program = PROGRAM.get().map_or("", String::as_str);
        let mut names = Vec::new();
        let mut line = None;
        let inner = text.lines().take_while(|line| {
            // Below a poll stands the runtime that polls, which is no part of the call.
            !line.contains("Instrumented<") || !line.contains("::poll")
        });
        for frame in inner {
            match frame.trim_start().strip_prefix("at ") {
                Some(place) => {
                    let mut numbers = place.rsplit(':');
                    let (_, row) = (numbers.next(), numbers.next());
                    if line.is_none() && place.contains(program) {
                        line = row.and_then(|row| row.parse().ok());
                    }
                }
                None => names.push(frame),
            }
        }
        let found = PARTS
            .iter()
            .find(|(name, _)| names.iter().any(|frame| frame.contains(name)));
        match found {
            Some((_, part)) => Caller { part, line: None },
            None => Caller { part: "", line },
        }
    }
}

// ---------------------------------------------------------------- Tokio's spans and events

/// Hears what Tokio reports when built with `--cfg tokio_unstable` and its feature `tracing`.
struct Probe;

impl Subscriber for Probe {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        target.starts_with("tokio") || target.starts_with("runtime")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let kind = match attributes.metadata().name() {
            "runtime.spawn" => Kind::Task {
                blocks: fields.get("kind") == "block_on",
            },
            "runtime.resource" => Kind::Resource {
                concrete: fields.get("concrete_type").to_owned(),
            },
            _ => Kind::Other,
        };
        let is_task = matches!(kind, Kind::Task { .. });
        let span = Span {
            references: 1,
            kind,
        };
        state().spans.insert(id, span);
        if is_task {
            Line::new("spawn")
                .number("task", id)
                .text("kind", fields.get("kind"))
                .text("name", fields.get("task.name"))
                .text("file", fields.get("loc.file"))
                .number("line", fields.get("loc.line").parse().unwrap_or(0))
                .number("column", fields.get("loc.col").parse().unwrap_or(0))
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
            "runtime::resource::poll_op" => Line::new("operation")
                .text("of", &resource())
                .text("name", fields.get("op_name"))
                .flag("ready", fields.get("is_ready") == "true")
                .maybe("mark", current_mark())
                .write(),
            "runtime::resource::state_update" if !fields.get("duration").is_empty() => {
                Line::new("deadline")
                    .number("after", fields.get("duration").parse().unwrap_or(0))
                    .text("unit", fields.get("duration.unit"))
                    .maybe("mark", current_mark())
                    .write();
            }
            _ => {}
        }
    }

    fn enter(&self, span: &Id) {
        let id = span.into_u64();
        let kind = state().spans.get(&id).map(|span| span.kind.clone());
        let entry = match kind {
            Some(Kind::Task { blocks }) => {
                on_stack(|stack| stack.push(Entry::Task { id, blocks }));
                Line::new("enter").number("task", id).write();
                return;
            }
            Some(Kind::Resource { concrete }) => Entry::Resource { id, concrete },
            _ => Entry::Other(id),
        };
        on_stack(|stack| stack.push(entry));
    }

    fn exit(&self, span: &Id) {
        let id = span.into_u64();
        let entry = on_stack(|stack| {
            let index = stack.iter().rposition(|entry| entry.span() == Some(id));
            index.map(|index| stack.remove(index))
        });
        if let Some(Some(Entry::Task { .. })) = entry {
            Line::new("exit")
                .number("task", id)
                .number("wakers", wakers_of(id))
                .flag("panics", std::thread::panicking())
                .write();
        }
    }

    fn clone_span(&self, span: &Id) -> Id {
        if let Some(span) = state().spans.get_mut(&span.into_u64()) {
            span.references += 1;
        }
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        let id = span.into_u64();
        let mut state = state();
        let Some(span) = state.spans.get_mut(&id) else {
            return true;
        };
        span.references -= 1;
        if span.references > 0 {
            return false;
        }
        let span = state.spans.remove(&id);
        drop(state);
        if matches!(span.map(|span| span.kind), Some(Kind::Task { .. })) {
            Line::new("close")
                .number("task", id)
                .text("from", Caller::find().part)
                .write();
        }
        true
    }
}

/// The kind of resource whose operation is under way, such as `Sleep`.
fn resource() -> String {
    on_stack(|stack| {
        stack.iter().rev().find_map(|entry| match entry {
            Entry::Resource { concrete, .. } => Some(concrete.clone()),
            _ => None,
        })
    })
    .flatten()
    .unwrap_or_default()
}

fn waker(fields: &Fields) {
    let task = fields.get("task.id").parse().unwrap_or(0);
    let change = match fields.get("op") {
        "waker.clone" => 1,
        "waker.drop" => -1,
        "waker.wake" => {
            report_wake(task);
            -1
        }
        _ => {
            report_wake(task);
            0
        }
    };
    *state().wakers.entry(task).or_insert(0) += change;
}

/// The fields of a span or event, as text.
#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| *field == name);
        found.map_or("", |(_, value)| value)
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

// ---------------------------------------------------------------- lines

/// One line of output: a flat JSON object.
struct Line(String);

impl Line {
    fn new(event: &str) -> Self {
        let mut line = Line(format!("{SIGN}{{\"event\":\"{event}\""));
        line = line.number("thread", THREAD.try_with(|id| *id).unwrap_or(0).into());
        if let Some((task, _)) = current_task() {
            line = line.number("by", task);
        }
        if let Some((now, still)) = clock() {
            line = line.number("now", now).flag("still", still);
        }
        line
    }

    fn number(mut self, name: &str, value: u64) -> Self {
        let _ = write!(self.0, ",\"{name}\":{value}");
        self
    }

    fn maybe(self, name: &str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.number(name, value),
            None => self,
        }
    }

    fn flag(mut self, name: &str, value: bool) -> Self {
        let _ = write!(self.0, ",\"{name}\":{value}");
        self
    }

    fn text(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.0, ",\"{name}\":\"");
        for letter in value.chars() {
            match letter {
                '"' | '\\' => self.0.extend(['\\', letter]),
                letter if letter < ' ' => {
                    let _ = write!(self.0, "\\u{:04x}", letter as u32);
                }
                letter => self.0.push(letter),
            }
        }
        self.0.push('"');
        self
    }

    fn write(mut self) {
        if !recording() {
            return;
        }
        self.0.push_str("}\n");
        let mut out = std::io::stdout().lock();
        // A program whose output is gone has nobody to report to.
        let _ = out.write_all(self.0.as_bytes());
        let _ = out.flush();
    }
}

/// Nanoseconds since the first event inside a runtime, and whether the clock stands still.
fn clock() -> Option<(u64, bool)> {
    Handle::try_current().ok()?;
    let now = Instant::now();
    let still = Instant::now() == now;
    let start = START.get_or_init(|| now);
    let since = u64::try_from(now.duration_since(*start).as_nanos()).unwrap_or(u64::MAX);
    Some((since, still))
}
