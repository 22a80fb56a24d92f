//! Runs a marked program until it is sure that it tells one story, and makes its two files.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use wait_timeout::ChildExt;

use crate::blocks::Block;
use crate::mark::Program;
use crate::project::Project;
use crate::reader::watch::{self, End};
use crate::run::Run;
use crate::{picture, probe, raw, story};

/// How long one run may take; most programs have virtual time, so that a second is plenty.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);

/// How long a program runs that never ends.
const TIME_TO_HANG: Duration = Duration::from_secs(3);

/// How often a program runs that must tell the same each time.
const RUNS: u32 = 2;

/// How often one runs that leaves the order of a `select!` to chance, with other chances each time.
const RUNS_BY_CHANCE: u32 = 8;

/// The two files of a run, and how many steps it has.
#[derive(Debug)]
pub struct Recording {
    /// The run, as [`Run::to_json`] writes it.
    pub json: String,
    /// Its still picture.
    pub svg: String,
    /// How many steps it has.
    pub steps: usize,
}

/// Records a block, whose marked copy is built in a project at `executable`.
pub fn record(
    block: &Block,
    program: &Program,
    project: &Project,
    executable: &Path,
) -> Result<Recording> {
    let tokio = project.tokio_version()?;
    let sources = probe::sources(&project.folder, [program.files[0].path.as_str()]);
    let once = |seed| run_once(block, program, executable, (&tokio, &sources), seed);
    let run = once(0)?;
    let runs = match (block.many, program.random) {
        (true, _) => 1,
        (false, true) => RUNS_BY_CHANCE,
        (false, false) => RUNS,
    };
    for seed in 1..runs {
        ensure_same(&run, &once(seed)?, program.random)?;
    }
    let json = run.to_json()?;
    run.check(json.len())?;
    Ok(Recording {
        svg: picture::draw(&run)?,
        steps: run.steps.len(),
        json,
    })
}

fn run_once(
    block: &Block,
    program: &Program,
    executable: &Path,
    (tokio, sources): (&str, &str),
    seed: u32,
) -> Result<Run> {
    let output = match block.hangs {
        true => until_it_hangs(executable, sources, seed)?,
        false => to_its_end(block, executable, sources, seed)?,
    };
    let items = raw::read(&output)?;
    let story = story::tell(program, &items)?;
    story.ensure_only_one(block.many)?;
    let mut run = story.into_run(&block.name, &block.source, tokio, block.many);
    picture::lay_out(&mut run);
    Ok(run)
}

/// What a program tells that never ends, in a time in which it does all that it does.
fn until_it_hangs(executable: &Path, sources: &str, seed: u32) -> Result<String> {
    let command = recorded(executable, sources, seed);
    let (output, end) = watch::watch(command, TIME_TO_HANG, false)?;
    ensure!(
        matches!(end, End::Limit(_)),
        "it should never end (`no_run=1`) and did: {}",
        end.say()
    );
    Ok(output)
}

/// What a program tells until it ends.
fn to_its_end(block: &Block, executable: &Path, sources: &str, seed: u32) -> Result<String> {
    let outcome = execute(executable, sources, seed, TIME_LIMIT)?;
    ensure!(
        outcome.success != block.panics,
        "it {}{}",
        if block.panics {
            "should panic (`should_panic=1`) and did not"
        } else {
            "should end well and did not:\n"
        },
        outcome.errors.trim()
    );
    Ok(outcome.output)
}

/// Refuses a program whose runs differ, and says where they first do.
fn ensure_same(one: &Run, other: &Run, random: bool) -> Result<()> {
    if one == other {
        return Ok(());
    }
    let pairs = one.steps.iter().zip(&other.steps).enumerate();
    let first = pairs.into_iter().find(|(_, (one, other))| one != other);
    let difference = match first {
        Some((number, (one, other))) => {
            format!("step {number} is first {:?}, then {:?}", one.say, other.say)
        }
        None => format!(
            "one has {} steps, another {}",
            one.steps.len(),
            other.steps.len()
        ),
    };
    if random {
        bail!(
            "its runs differ, since `select!` asks its branches in a random order: write `biased;` \
             in it, or let no two branches be ready at once: {difference}"
        );
    }
    bail!(
        "its runs differ, and a run must be the only one possible, on one thread and with paused \
         time: {difference}"
    );
}

/// What came of one run.
#[derive(Debug)]
struct Outcome {
    /// Standard output: the program's and the probe's.
    output: String,
    /// Standard error, for messages.
    errors: String,
    /// Whether the program ended as programs do.
    success: bool,
}

/// A program with the probe on.
fn recorded(executable: &Path, sources: &str, seed: u32) -> Command {
    let mut command = Command::new(executable);
    command
        .env(probe::SWITCH, sources)
        .env(probe::SEED, seed.to_string())
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null());
    command
}

/// Runs a program with the probe on.
fn execute(executable: &Path, sources: &str, seed: u32, limit: Duration) -> Result<Outcome> {
    let mut child = recorded(executable, sources, seed)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", executable.display()))?;
    let output = read_all(child.stdout.take());
    let errors = read_all(child.stderr.take());
    let too_long = || format!("it still ran after {} s", limit.as_secs_f32());
    let Some(status) = child.wait_timeout(limit)? else {
        child.kill()?;
        child.wait()?;
        bail!(too_long());
    };
    // A process that the program left behind may hold the pipe open.
    let text = |pipe: mpsc::Receiver<String>| pipe.recv_timeout(limit).with_context(too_long);
    Ok(Outcome {
        output: text(output)?,
        errors: text(errors)?,
        success: status.success(),
    })
}

/// Reads a pipe to its end, on a thread of its own.
fn read_all(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        // Nobody listens anymore once the run is refused.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::run;

    #[test]
    fn a_run_that_differs_is_refused_with_the_step_where_it_does() {
        let one = run();
        let mut other = run();
        other.steps[1].say = "*main* sleeps.".into();
        let error = ensure_same(&one, &other, false).unwrap_err().to_string();
        assert!(error.contains("step 1 is first"), "{error}");
        assert!(error.contains("*main* sleeps."), "{error}");
        let error = ensure_same(&one, &other, true).unwrap_err().to_string();
        assert!(error.contains("write `biased;`"), "{error}");
    }

    #[test]
    fn a_program_that_hangs_is_ended_at_its_limit() {
        // The test program itself waits, as long as it is told to.
        let program = std::env::current_exe().unwrap();
        let limit = Duration::ZERO;
        let error = execute(&program, "hangs", 0, limit).unwrap_err();
        assert_eq!(error.to_string(), "it still ran after 0 s");
    }
}
