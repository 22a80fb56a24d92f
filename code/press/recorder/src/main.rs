//! Records what Tokio does while a program runs.
//!
//! `cargo xtask record [NAME…] [--check | --draw]` records the blocks of the book that carry
//! `run=NAME`, `cargo xtask record --file PATH` a program of a reader's own.
//! Installed, the second is `record-async --file PATH`, which needs nothing of the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;

use recorder::blocks::{self, Block};
use recorder::mark::{self, Program};
use recorder::project::{self, Project, Versions};
use recorder::reader;
use recorder::recording;
use recorder::shelf::Shelf;

/// Record what Tokio does while a program runs: your own, or those of the book.
#[derive(Parser)]
#[command(name = "record-async", version)]
struct Arguments {
    /// In the book's repository: record the blocks that carry `run=NAME`; without names, all
    #[arg(conflicts_with = "file")]
    names: Vec<String>,
    /// In the book's repository: write nothing, and fail where a program no longer does what is
    /// recorded
    #[arg(long, conflicts_with = "file")]
    check: bool,
    /// In the book's repository: run nothing, and draw the pictures of what is recorded anew
    #[arg(long, conflicts_with_all = ["check", "file"])]
    draw: bool,
    #[command(flatten)]
    own: reader::Options,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let recorded = match &arguments.own.file {
        Some(file) => reader::record(file, &arguments.own),
        None => record(&arguments),
    };
    match recorded {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn record(arguments: &Arguments) -> Result<()> {
    let root = root()?;
    let all = blocks::find(&root.join("content"))?;
    let wanted = blocks::choose(&all, &arguments.names)?;
    let shelf = Shelf::new(root.join("static/runs"), arguments.check);
    if arguments.draw {
        for block in &wanted {
            if shelf.draw(block).with_context(|| block.title())? {
                println!("{}: drawn", block.name);
            }
        }
        return Ok(());
    }
    let mut failures = Vec::new();
    if !wanted.is_empty() {
        failures.extend(record_all(&root, &all, &wanted, &shelf)?);
    }
    if arguments.names.is_empty() {
        failures.extend(shelf.sweep(&all)?);
    }
    for failure in &failures {
        eprintln!("\nrefused: {failure}");
    }
    if !failures.is_empty() {
        bail!("{} refused, of {} runs", failures.len(), wanted.len());
    }
    println!("runs: {}, all as recorded", wanted.len());
    Ok(())
}

/// The repository: the folder above that has the pages.
fn root() -> Result<PathBuf> {
    let here = env::current_dir()?;
    let root = here.ancestors().find(|folder| {
        folder.join("content").is_dir() && folder.join("code/press/recorder").is_dir()
    });
    let root = root.context(
        "not inside the repository of the book; a program of your own is recorded with `--file PATH`",
    )?;
    Ok(root.to_owned())
}

/// Records blocks and returns what was refused and why.
fn record_all(root: &Path, all: &[Block], wanted: &[&Block], shelf: &Shelf) -> Result<Vec<String>> {
    let target = project::record_folder(root.join("target"));
    let named = |name: &str| {
        let name = name.replace('-', "_");
        wanted.iter().any(|block| block.source.contains(&name))
    };
    let project = Project::create(&target, "book", &Versions::of(root)?, named)?;
    project.keep(
        &all.iter()
            .map(|block| block.name.as_str())
            .collect::<BTreeSet<_>>(),
    )?;
    let mut failures = Vec::new();
    let mut programs = Vec::new();
    for block in wanted {
        match mark::mark(&block.name, &block.source) {
            Ok(program) => {
                project.add(&block.name, &program.files[0].text)?;
                programs.push((*block, program));
            }
            Err(error) => failures.push(format!("{}: {error:#}", block.title())),
        }
    }
    let built = project.build(programs.iter().map(|(block, _)| block.name.as_str()))?;
    for (index, (block, program)) in programs.iter().enumerate() {
        let progress = format!("[{}/{}] {}", index + 1, programs.len(), block.name);
        match record_one(block, program, &built, &project, shelf) {
            Ok(outcome) => println!("{progress}: {outcome}"),
            Err(error) => {
                println!("{progress}: refused");
                failures.push(format!("{}: {error:#}", block.title()));
            }
        }
    }
    Ok(failures)
}

/// Records one block, and says what came of it.
fn record_one(
    block: &Block,
    program: &Program,
    built: &BTreeMap<String, PathBuf>,
    project: &Project,
    shelf: &Shelf,
) -> Result<String> {
    let executable = built.get(&block.name);
    let executable = executable
        .context("its marked copy does not compile; the compiler's message stands above")?;
    let recording = recording::record(block, program, project, executable)?;
    let new = shelf.put(block, &recording)?;
    let news = if new { "recorded" } else { "the same" };
    Ok(format!("{} steps, {news}", recording.steps))
}
