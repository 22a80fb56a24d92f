use super::*;
use crate::mark::mark;
use crate::raw;

const SOURCE: &str = "\
#[tokio::main]
async fn main() {
    bell.await;
    println!(\"open\");
}
";

/// The sentences of a run that reported these events, each a JSON object without its braces.
fn story(events: &[&str]) -> Vec<String> {
    let program = mark("ch01-a", SOURCE).unwrap();
    let lines = events.iter().map(|event| match event.strip_prefix("> ") {
        Some(printed) => format!("{printed}\n"),
        None => format!("{}{{\"thread\":0,{event}}}\n", crate::probe::SIGN),
    });
    let items = raw::read(&lines.collect::<String>()).unwrap();
    let story = tell(&program, &items).unwrap();
    story.steps.into_iter().map(|step| step.say).collect()
}

const SPAWN: &str = r#""event":"spawn","task":1,"id":"1","kind":"block_on","name":"","file":"src/bin/ch01-a.rs","line":2,"column":1"#;
const ENTER: &str = r#""event":"enter","task":1"#;
const REACH: &str =
    r#""by":1,"event":"reach","mark":1,"place":0,"future":"tokio::sync::oneshot::Receiver<()>""#;
const LOOK: &str = r#""by":1,"event":"look","mark":1,"within":null"#;
const PENDING: &str = r#""by":1,"event":"pending","mark":1,"spent":false"#;

#[test]
fn a_lane_that_stops_says_where_and_for_what() {
    let exit = r#""event":"exit","task":1,"wakers":1,"panics":false"#;
    let told = story(&[SPAWN, ENTER, REACH, LOOK, PENDING, exit]);
    assert_eq!(told[0], "The runtime is about to run *main*.");
    assert_eq!(
        told[1],
        "*main* is polled for the first time and runs from its start."
    );
    assert_eq!(
        told[2],
        "*main* stops at `bell` in line 3: nothing has been sent."
    );
}

#[test]
fn a_lane_that_nobody_can_wake_is_told_of() {
    let exit = r#""event":"exit","task":1,"wakers":0,"panics":false"#;
    let told = story(&[SPAWN, ENTER, REACH, LOOK, PENDING, exit]);
    assert!(told[2].contains("nothing can wake it"), "{told:?}");
}

#[test]
fn what_is_printed_is_told_with_who_prints_it() {
    let print = r#""by":1,"event":"print","file":"src/bin/ch01-a.rs","line":4"#;
    let told = story(&[SPAWN, ENTER, print, "> open"]);
    assert_eq!(told[2], "*main* prints `open`.");
}

#[test]
fn a_wake_up_from_another_thread_is_told_as_such() {
    let exit = r#""event":"exit","task":1,"wakers":1,"panics":false"#;
    let program = mark("ch01-a", SOURCE).unwrap();
    let sign = crate::probe::SIGN;
    let mut output: String = [SPAWN, ENTER, REACH, LOOK, PENDING, exit]
        .map(|event| format!("{sign}{{\"thread\":0,{event}}}\n"))
        .concat();
    output += &format!(
        "{sign}{{\"thread\":1,\"event\":\"wake\",\"task\":1,\"from\":\"\",\"line\":null}}\n"
    );
    let story = tell(&program, &raw::read(&output).unwrap()).unwrap();
    let last = story.steps.last().unwrap();
    assert_eq!(
        last.say,
        "Another thread wakes *main*, parked at `bell` in line 3."
    );
    assert_eq!(last.from, Some(crate::run::Source::Thread));
}

#[test]
fn an_event_of_a_task_that_was_never_spawned_is_an_error() {
    let program = mark("ch01-a", SOURCE).unwrap();
    let output = format!("{}{{\"thread\":0,{ENTER}}}\n", crate::probe::SIGN);
    let error = tell(&program, &raw::read(&output).unwrap()).unwrap_err();
    assert!(error.to_string().contains("never spawned"), "{error}");
}
