//! `cargo xtask new`: the first lines of a chapter, an anti-pattern or an exercise.
//!
//! What it writes fails `cargo test` until its TODO marks are filled in.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use xshell::Shell;

mod anti_pattern;
mod chapter;
mod exercise;
mod name;

#[derive(clap::Subcommand)]
pub enum Kind {
    /// A chapter of outline.toml, with all its headings: `new chapter structured-concurrency`
    Chapter {
        /// Its slug or number in outline.toml
        name: String,
    },
    /// A program that the compiler must refuse: `new anti-pattern ch03/forgotten_await`
    AntiPattern {
        /// The chapter, a slash, and the file's name
        name: String,
    },
    /// An exercise with its solution: `new exercise ch03_lazy_future`
    Exercise {
        /// The chapter, an underscore, and what it is about
        name: String,
    },
}

pub fn new(shell: &Shell, kind: &Kind) -> Result<()> {
    match kind {
        Kind::Chapter { name } => chapter::new(shell, name),
        Kind::AntiPattern { name } => anti_pattern::new(shell, name),
        Kind::Exercise { name } => exercise::new(shell, name),
    }
}

/// A file to be written, and its text.
type NewFile = (PathBuf, String);

/// Writes all files, or none if one of them exists.
fn write_new(shell: &Shell, files: &[NewFile]) -> Result<()> {
    for (path, _) in files {
        ensure!(
            !shell.path_exists(path),
            "{} exists already",
            path.display()
        );
    }
    for (path, text) in files {
        shell.write_file(path, text)?;
        say_written(path);
    }
    Ok(())
}

fn say_written(path: &Path) {
    eprintln!("wrote {}", path.display());
}
