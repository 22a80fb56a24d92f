//! What a recorded run is, and how its file is written.
//!
//! The types below are its schema: a file with a field that they do not have, or without one that
//! they need, is not a run, and [`Run::check`] holds it to the rules that types cannot express.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::words::plain;

/// The most bytes that a run's file may have.
pub const MOST_BYTES: usize = 30 * 1024;

/// The most steps that a run may have.
pub const MOST_STEPS: usize = 400;

/// A program, who took part, and what happened in what order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The name in the fence of its block.
    pub name: String,
    /// The version of Tokio that ran.
    pub tokio: String,
    /// Whose time the program ran in.
    pub clock: Clock,
    /// Threads raced: another run may go another way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub many: bool,
    /// The block's text.
    pub source: String,
    /// The size of the still picture, in its own units.
    pub picture: (u32, u32),
    /// Who took part, in the order in which they were spawned.
    pub lanes: Vec<Lane>,
    /// The places where a lane stopped or passed.
    pub places: Vec<Place>,
    /// What happened.
    pub steps: Vec<Step>,
}

/// Whose time the program ran in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// Tokio's paused clock, which jumps; the run tells the time.
    Virtual,
    /// The machine's clock; the run tells the order alone.
    Real,
}

/// A task, or what `block_on` runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// What the program calls it.
    pub name: String,
    /// What runs in it.
    pub kind: LaneKind,
    /// The line that spawned it.
    pub line: usize,
}

/// What runs in a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LaneKind {
    /// The future given to `block_on`, which `#[tokio::main]` makes of `main`.
    Main,
    /// A spawned task.
    Task,
    /// A closure on a thread of the blocking pool.
    Blocking,
}

/// An expression of the program that is polled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The line of its `.await`, or of itself where it has none.
    pub line: usize,
    /// Where it begins and ends in the source, in UTF-16 units, as browsers count.
    pub span: (usize, usize),
    /// The expression, shortened.
    pub text: String,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What happens.
    pub kind: Kind,
    /// Whom it happens to; nobody when the clock moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<usize>,
    /// The other lane that does it, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<usize>,
    /// The line where it happens, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The places concerned: where a lane is parked, what it passes, what is dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<usize>,
    /// What is waited for at each of the places `at`, where the lane stops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<On>,
    /// Who wakes, where that is no lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Source>,
    /// The lane stops with nobody holding a waker of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// What is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// In milliseconds, the time on the virtual clock from now on, or how long a thread is blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Where the step is in the still picture.
    pub x: u32,
    /// What happens, in a sentence: `*name*` is a lane, `` `code` `` is code.
    pub say: String,
}

impl Step {
    /// A step of which nothing else is told.
    pub fn new(kind: Kind, lane: Option<usize>, say: String) -> Self {
        Self {
            kind,
            lane,
            by: None,
            line: None,
            at: Vec::new(),
            on: Vec::new(),
            from: None,
            lost: false,
            text: None,
            ms: None,
            x: 0,
            say,
        }
    }
}

/// What a lane waits for at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// A time: `sleep`, an interval's tick, or a `timeout` around what no place tells.
    Sleep,
    /// A channel of `tokio::sync`, at either end.
    Channel,
    /// A `Mutex` or `RwLock`.
    Lock,
    /// A permit of a `Semaphore`.
    Semaphore,
    /// A `Notify`.
    Notify,
    /// A `Barrier`.
    Barrier,
    /// The end of a task: a `JoinHandle` or `JoinSet`.
    Task,
    /// Work on the blocking pool: the handle of `spawn_blocking`, or a file.
    Blocking,
    /// A socket.
    Socket,
    /// A child process.
    Process,
    /// A signal of the operating system.
    Signal,
    /// The next turn: `yield_now`.
    Turn,
    /// Another reader or writer of `tokio::io`.
    Io,
    /// A future that is none of Tokio's.
    Other,
}

/// What wakes a lane when no lane does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The runtime's timer.
    Timer,
    /// The runtime, told by the operating system that a socket or file is ready.
    Io,
    /// The runtime, told by the operating system of a signal or a child's end.
    System,
    /// The scheduler, for a lane that gave way.
    Queue,
    /// A thread of the program's own, or of the blocking pool.
    Thread,
}

/// What happens in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A lane begins; it is ready to run.
    Spawn,
    /// A lane is polled.
    Run,
    /// An `async fn` or `async` block of the program is polled for the first time.
    Begin,
    /// A future is ready when asked, and its lane goes on.
    Pass,
    /// A future is dropped before it is done, and its lane goes on.
    Drop,
    /// A poll ends with the lane waiting.
    Stop,
    /// The same, because the lane's budget is spent.
    Budget,
    /// A lane is woken.
    Wake,
    /// A lane puts its thread to sleep, and every other lane of the thread with it.
    Block,
    /// A lane has ended.
    Done,
    /// A lane has panicked.
    Panic,
    /// A lane's future is dropped before it is done.
    Cancel,
    /// The program prints a line.
    Print,
    /// The virtual clock moves.
    Clock,
}

impl Run {
    /// The run's file: one lane, place or step a line, so that a change reads well in a diff.
    pub fn to_json(&self) -> Result<String> {
        let mut json = String::from("{");
        let mut field = |name: &str, value: String| {
            let comma = if json.len() > 1 { "," } else { "" };
            json.push_str(&format!("{comma}\n\"{name}\":{value}"));
        };
        field("name", serde_json::to_string(&self.name)?);
        field("tokio", serde_json::to_string(&self.tokio)?);
        field("clock", serde_json::to_string(&self.clock)?);
        if self.many {
            field("many", "true".to_owned());
        }
        field("source", serde_json::to_string(&self.source)?);
        field("picture", serde_json::to_string(&self.picture)?);
        field("lanes", list(&self.lanes)?);
        field("places", list(&self.places)?);
        field("steps", list(&self.steps)?);
        json.push_str("\n}\n");
        Ok(json)
    }

    /// The sentences of all steps, numbered and without markup, a line each.
    pub fn story(&self) -> String {
        let steps = self.steps.iter().enumerate();
        steps
            .map(|(number, step)| format!("{number} {}\n", plain(&step.say)))
            .collect()
    }

    /// Reads a run's file and holds it to its rules.
    pub fn from_json(json: &str) -> Result<Self> {
        let run: Run = serde_json::from_str(json)?;
        run.check(json.len())?;
        Ok(run)
    }

    /// The rules that types cannot express.
    pub fn check(&self, bytes: usize) -> Result<()> {
        ensure!(
            self.steps.len() <= MOST_STEPS,
            "it has {} steps, and a run may have {MOST_STEPS}",
            self.steps.len()
        );
        ensure!(
            bytes <= MOST_BYTES,
            "its file has {bytes} bytes, and a run may have {MOST_BYTES}"
        );
        self.check_whole()
    }

    /// The rules for a run of any length.
    pub fn check_whole(&self) -> Result<()> {
        ensure!(
            !self.steps.is_empty(),
            "it has no steps: nothing ran on Tokio"
        );
        let lines = self.source.lines().count();
        for (number, step) in self.steps.iter().enumerate() {
            let fits = step.lane.is_none_or(|lane| lane < self.lanes.len())
                && step.by.is_none_or(|lane| lane < self.lanes.len())
                && step.line.is_none_or(|line| (1..=lines).contains(&line))
                && step.at.iter().all(|place| *place < self.places.len())
                && (step.kind == Kind::Clock || step.kind == Kind::Print || step.lane.is_some());
            ensure!(fits, "step {number} names what the run does not have");
        }
        let length = self.source.encode_utf16().count();
        let whole = self.places.iter().all(|place| place.span.1 <= length);
        ensure!(whole, "a place lies outside the source");
        Ok(())
    }
}

fn list<T: Serialize>(items: &[T]) -> Result<String> {
    let lines: serde_json::Result<Vec<String>> = items.iter().map(serde_json::to_string).collect();
    let lines = lines.context("a run is plain data")?;
    Ok(format!("[\n{}\n]", lines.join(",\n")))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run of one lane and two steps.
    pub fn run() -> Run {
        let step = |kind, line, say: &str| Step {
            line: Some(line),
            ..Step::new(kind, Some(0), say.into())
        };
        Run {
            name: "ch01-a".into(),
            tokio: "1.54.1".into(),
            clock: Clock::Virtual,
            many: false,
            source: "async fn main() {\n    tick().await;\n}\n".into(),
            picture: (720, 88),
            lanes: vec![Lane {
                name: "main".into(),
                kind: LaneKind::Main,
                line: 1,
            }],
            places: vec![Place {
                line: 2,
                span: (22, 28),
                text: "tick()".into(),
            }],
            steps: vec![
                step(Kind::Spawn, 1, "The runtime is about to run *main*."),
                step(Kind::Run, 1, "*main* is polled for the first time."),
            ],
        }
    }

    #[track_caller]
    fn is_refused(change: impl FnOnce(&mut Run), with: &str) {
        let mut run = run();
        change(&mut run);
        let error = Run::from_json(&run.to_json().unwrap()).unwrap_err();
        assert!(error.to_string().contains(with), "{error}");
    }

    #[test]
    fn a_file_is_read_back_as_it_was_written() {
        let run = run();
        assert_eq!(Run::from_json(&run.to_json().unwrap()).unwrap(), run);
    }

    #[test]
    fn a_file_with_a_field_that_no_run_has_is_refused() {
        let json = run().to_json().unwrap();
        let json = json.replace("\"clock\"", "\"speed\":1,\n\"clock\"");
        let error = Run::from_json(&json).unwrap_err().to_string();
        assert!(error.contains("unknown field `speed`"), "{error}");
    }

    #[test]
    fn a_step_that_names_what_is_not_there_is_refused() {
        is_refused(|run| run.steps[1].lane = Some(1), "step 1 names what");
        is_refused(|run| run.steps[1].line = Some(4), "step 1 names what");
        is_refused(|run| run.steps[1].at = vec![1], "step 1 names what");
        is_refused(|run| run.places[0].span = (22, 99), "outside the source");
    }

    #[test]
    fn a_run_that_is_too_long_is_refused_with_its_length_and_the_limit() {
        let many = |run: &mut Run| run.steps = vec![run.steps[1].clone(); MOST_STEPS + 1];
        is_refused(many, "it has 401 steps, and a run may have 400");
        let wordy = |run: &mut Run| run.steps[1].say = "x".repeat(MOST_BYTES);
        is_refused(wordy, "bytes, and a run may have 30720");
        is_refused(|run| run.steps.clear(), "nothing ran on Tokio");
    }

    #[test]
    fn a_story_is_its_sentences() {
        let story = "0 The runtime is about to run main.\n1 main is polled for the first time.\n";
        assert_eq!(run().story(), story);
    }
}
