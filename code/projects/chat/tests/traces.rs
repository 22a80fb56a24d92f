//! The journey of a line, as it's traced.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use chat::bus::{Bus, Switch, alone};
use chat::hub::Hub;
use chat::metrics::Metrics;
use serde_json::Value;
use service::telemetry::LogFormat;
use tokio::time::sleep;
use tracing::Dispatch;
use tracing::span::{Attributes, Id};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Registry, registry};

use crate::memory::{Disk, Memory};
use crate::order::Client;

/// A test's log: what one thread writes while it runs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Sets what this thread traces to. As long as a process has had one subscriber alone, `tracing`
/// asks only the thread at hand whether anything is traced, and a test on another thread, which
/// traces nothing, would be the one that answers. So there are two.
fn trace_to(layer: impl Layer<Registry> + Send + Sync) -> DefaultGuard {
    static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(registry()));
    LazyLock::force(&ANOTHER);
    set_default(registry().with(layer))
}

/// A server with this disk, and a client who has entered its lobby, where nothing else is to be done.
async fn enter(disk: &Arc<Disk>, bus: Bus, number: u64) -> Client {
    let store = Memory::open(disk, Duration::ZERO);
    let client = Client::enter(&Hub::new(store, bus, Metrics::new().0), number).await;
    sleep(Duration::from_secs(1)).await; // a room that has just been opened looks at the history
    client
}

#[tokio::test(start_paused = true)]
async fn a_line_is_one_trace_on_the_server_where_it_was_said_and_on_the_other() {
    let log = Log::default();
    let writer = log.clone();
    let lines = service::telemetry::lines(LogFormat::Json, move || writer.clone(), false);
    let _logs = trace_to(lines);
    let (switch, disk) = (Switch::default(), Disk::with(&["lobby"]));
    let mut ann = enter(&disk, switch.join(), 0).await;
    let mut ben = enter(&disk, switch.join(), 1).await;
    ann.say("a1").await;
    ann.hear(1).await;
    ben.hear(1).await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let logged: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let find = |what: &str| {
        logged
            .iter()
            .find(|line| line["message"] == what)
            .expect(&log)
    };
    let here = &find("kept")["span"]["trace"];
    assert!(
        service::trace::trace_id(here.as_str().unwrap()).is_some(),
        "{log}"
    );
    assert_eq!(&find("said on another server")["trace"], here);
    // The server where it was said shows it within its journey; the other reads it by itself.
    let shown = |line: &&Value| line["message"] == "shown" && line["spans"][0]["name"] == "line";
    let shown = logged.iter().find(shown).expect(&log);
    assert_eq!(&shown["spans"][0]["trace"], here);
    let span = &shown["span"];
    let (name, room, lines) = (&span["name"], &span["room"], &span["lines"]);
    assert_eq!(
        (name, room, lines),
        (&"fan_out".into(), &"lobby".into(), &1.into())
    );
}

/// Which spans there were, in the order in which they began, and how they hang together.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Hung>>);

#[derive(Default)]
struct Hung {
    lines: Vec<Id>,
    /// With their parents.
    fan_outs: Vec<(Id, Option<Id>)>,
    follows: Vec<(Id, Id)>,
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let (span, mut hung) = (context.span(id).unwrap(), self.0.lock().unwrap());
        match span.name() {
            "line" => hung.lines.push(id.clone()),
            "fan_out" => {
                let parent = span.parent().map(|parent| parent.id());
                hung.fan_outs.push((id.clone(), parent));
            }
            _ => {}
        }
    }

    fn on_follows_from(&self, span: &Id, follows: &Id, _: Context<'_, S>) {
        self.0
            .lock()
            .unwrap()
            .follows
            .push((span.clone(), follows.clone()));
    }
}

#[tokio::test(start_paused = true)]
async fn lines_shown_together_are_in_the_trace_of_the_first_and_follow_from_the_others() {
    let spans = Spans::default();
    let _spans = trace_to(spans.clone());
    let disk = Disk::with(&["lobby"]);
    let mut ann = enter(&disk, alone(), 0).await;
    for id in ["a1", "a1", "a2", "a3"] {
        // The second is the first one, said again.
        ann.say(id).await;
    }
    ann.hear(3).await;
    let hung = spans.0.lock().unwrap();
    let [(fan_out, parent)] = &hung.fan_outs[..] else {
        panic!("not shown together: {:?}", hung.fan_outs);
    };
    let [first, _again, second, third] = &hung.lines[..] else {
        panic!("{:?}", hung.lines);
    };
    assert_eq!(parent.as_ref(), Some(first));
    let follows = [second, third].map(|line| (fan_out.clone(), line.clone()));
    assert_eq!(hung.follows, follows);
}
