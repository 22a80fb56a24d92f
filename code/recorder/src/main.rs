//! Records the blocks that carry `run=NAME`: `cargo xtask record [NAME…] [--check]`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

use recorder::blocks::{self, Block};
use recorder::mark::{self, Program};
use recorder::project::{self, Project};
use recorder::run::Run;
use recorder::{picture, raw, story};

/// How many runs of the book may be one of many.
const MOST_OF_MANY: usize = 3;

fn main() -> ExitCode {
    match record() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn record() -> Result<()> {
    let (flags, names): (BTreeSet<String>, BTreeSet<String>) =
        env::args().skip(1).partition(|word| word.starts_with('-'));
    let check = flags.contains("--check");
    ensure!(
        flags.iter().all(|flag| flag == "--check"),
        "usage: cargo xtask record [NAME…] [--check]"
    );
    let root = root()?;
    let content = root.join("content");
    let all = blocks::find(&content)?;
    let many = all.iter().filter(|block| block.many).count();
    ensure!(
        many <= MOST_OF_MANY,
        "{many} blocks carry run-many=1, and the book may have {MOST_OF_MANY}"
    );
    for name in &names {
        let known: Vec<&str> = all.iter().map(|block| block.name.as_str()).collect();
        ensure!(
            known.contains(&name.as_str()),
            "no block carries run={name}; there are: {}",
            known.join(", ")
        );
    }
    let wanted: Vec<Block> = all
        .iter()
        .filter(|block| names.is_empty() || names.contains(&block.name))
        .cloned()
        .collect();
    let shelf = Shelf {
        folder: root.join("static/runs"),
        check,
    };
    let mut failures = if wanted.is_empty() {
        Vec::new()
    } else {
        record_all(&root, &wanted, &shelf)?
    };
    if names.is_empty() {
        failures.extend(shelf.sweep(&all)?);
    }
    if !failures.is_empty() {
        for failure in &failures {
            eprintln!("refused: {failure}");
        }
        bail!("{} of {} runs refused", failures.len(), wanted.len());
    }
    println!("{} runs, all as their programs run", wanted.len());
    Ok(())
}

/// The repository: the folder above that has the pages.
fn root() -> Result<PathBuf> {
    let here = env::current_dir()?;
    let root = here
        .ancestors()
        .find(|folder| folder.join("content").is_dir() && folder.join("code/recorder").is_dir());
    Ok(root.context("not inside the repository")?.to_owned())
}

/// Records blocks and returns what was refused and why.
fn record_all(root: &Path, wanted: &[Block], shelf: &Shelf) -> Result<Vec<String>> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let project = Project::create(root, target.join("record"))?;
    let mut programs = Vec::new();
    for block in wanted {
        let program = mark::mark(&block.name, &block.source).with_context(|| block.title())?;
        project.add(&block.name, &program.text)?;
        programs.push(program);
    }
    project.build()?;
    let tokio = project.tokio_version()?;
    let mut failures = Vec::new();
    for (index, (block, program)) in wanted.iter().zip(&programs).enumerate() {
        let progress = format!("[{}/{}]", index + 1, wanted.len());
        let outcome = record_one(&project, block, program, &tokio)
            .and_then(|(run, svg)| {
                let steps = run.steps.len();
                shelf.put(block, &run.to_json()?, &svg)?;
                Ok(steps)
            })
            .with_context(|| block.title());
        match outcome {
            Ok(steps) => println!("{progress} {}: {steps} steps", block.name),
            Err(error) => {
                println!("{progress} {}: refused", block.name);
                failures.push(format!("{error:#}"));
            }
        }
    }
    Ok(failures)
}

/// Runs a block twice and tells its story, if both runs tell the same.
fn record_one(
    project: &Project,
    block: &Block,
    program: &Program,
    tokio: &str,
) -> Result<(Run, String)> {
    let once = || -> Result<Run> {
        let outcome = project.run(&block.name)?;
        ensure!(
            outcome.success != block.panics,
            "it {} panic:\n{}",
            if block.panics {
                "should panic and did not"
            } else {
                "should not"
            },
            outcome.errors.trim()
        );
        let items = raw::read(&outcome.output)?;
        let mut run = story::tell(&block.name, program, &block.source, &items)?;
        run.tokio = tokio.to_owned();
        run.many = block.many;
        picture::lay_out(&mut run);
        Ok(run)
    };
    let run = once()?;
    if !block.many {
        let again = once()?;
        if let Some(difference) = difference(&run, &again) {
            bail!(
                "two runs of it differ, and a run must be the only one possible \
                 (on one thread, with paused time): {difference}"
            );
        }
    }
    let json = run.to_json()?;
    run.check(json.len())?;
    let svg = picture::draw(&run)?;
    Ok((run, svg))
}

/// The first step in which two runs differ.
fn difference(one: &Run, other: &Run) -> Option<String> {
    if one == other {
        return None;
    }
    let pairs = one.steps.iter().zip(&other.steps).enumerate();
    let first = pairs.into_iter().find(|(_, (one, other))| one != other);
    Some(match first {
        Some((number, (one, other))) => {
            format!("at step {number} first {:?}, then {:?}", one.say, other.say)
        }
        None => format!("{} steps, then {}", one.steps.len(), other.steps.len()),
    })
}

/// Where the runs are kept.
struct Shelf {
    folder: PathBuf,
    /// Compare instead of writing.
    check: bool,
}

impl Shelf {
    fn put(&self, block: &Block, json: &str, svg: &str) -> Result<()> {
        for (kind, text) in [("json", json), ("svg", svg)] {
            let path = self.folder.join(format!("{}.{kind}", block.name));
            if !self.check {
                fs::create_dir_all(&self.folder)?;
                project::write_if_new(&path, text)?;
                continue;
            }
            let old = fs::read_to_string(&path).with_context(|| {
                format!("it was never recorded: cargo xtask record {}", block.name)
            })?;
            // Another run of many may go another way; its program may not.
            let same = if block.many && kind == "json" {
                Run::from_json(&old)?.source == block.source
            } else {
                block.many || old == text
            };
            if !same {
                let change = first_change(&old, text);
                bail!(
                    "what is recorded is no longer what happens: cargo xtask record {}\n{change}",
                    block.name
                );
            }
        }
        Ok(())
    }

    /// Takes away, or complains of, runs whose block is gone.
    fn sweep(&self, blocks: &[Block]) -> Result<Vec<String>> {
        let mut failures = Vec::new();
        let Ok(files) = fs::read_dir(&self.folder) else {
            return Ok(failures);
        };
        let mut files: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
        files.sort();
        for path in files {
            let stem = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            if blocks.iter().any(|block| block.name == stem) {
                continue;
            }
            if self.check {
                failures.push(format!("{}: no block carries run={stem}", path.display()));
            } else {
                println!("removed {}: no block carries run={stem}", path.display());
                fs::remove_file(&path)?;
            }
        }
        Ok(failures)
    }
}

fn first_change(old: &str, new: &str) -> String {
    let changed = old.lines().zip(new.lines()).find(|(old, new)| old != new);
    match changed {
        Some((old, new)) => format!("- {old}\n+ {new}"),
        None => format!(
            "- {} lines\n+ {} lines",
            old.lines().count(),
            new.lines().count()
        ),
    }
}
