//! What cargo itself cannot do for this book. Run it as `cargo xtask`.
//!
//! Each command strings together cargo, zola and npm commands that you could type yourself,
//! and prints every one of them as it runs it.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xshell::Shell;

mod audit;
mod bench;
mod bless;
mod build;
mod cards;
mod check;
#[cfg(test)]
mod circles;
mod dates;
mod epub;
#[cfg(test)]
mod features;
mod fonts;
#[cfg(test)]
mod laws;
mod markdown;
mod new;
mod outline;
mod pages;
mod pdf;
mod project;
mod record;
mod release;
mod scripts;
mod serve;
mod tools;
mod upgrade;
mod zola;

/// What cargo itself cannot do for this book.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the book and serve it on this machine, reloading pages as you edit
    Serve(serve::Options),
    /// Build the site into public/, as it is deployed
    Build(build::Options),
    /// Run everything that CI checks, in CI's order
    Check,
    /// Rewrite the compiler messages that the anti-patterns are held to, and show what changed
    Bless,
    /// Record the runs of the programs that carry `run=`, or a program of your own with `--file`
    Record(record::Options),
    /// Hold the built pages to their limits of speed, size and access, and print a table
    Audit(audit::Options),
    /// Measure the book's own tools and systems against others, in one run, and make a table of it
    Bench(bench::Options),
    /// Print the book to a PDF, with numbered pages and contents, or a chapter of it
    Pdf(pdf::Options),
    /// Cut the faces in static/fonts/ down to the characters that the book uses
    Fonts,
    /// Draw the share cards of pages whose title or lanes have changed, with Chromium, into static/cards/
    Cards(cards::Options),
    /// Make all files of a version: the site, PDF, EPUB, and a .zip of the workspace
    Release(release::Options),
    /// Take another Tokio, other crates or another Rust, or show what that would change
    Upgrade(upgrade::Options),
    /// Start a chapter, an anti-pattern or an exercise
    #[command(subcommand)]
    New(new::Kind),
    /// Run Zola itself, the one on PATH or the one from npm: `cargo xtask zola check`
    Zola(zola::Options),
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let result = project::shell().and_then(|shell| {
        project::leave_package(&shell)?;
        run(&shell, command)
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("because {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(shell: &Shell, command: Command) -> Result<()> {
    match command {
        Command::Serve(options) => serve::serve(shell, &options),
        Command::Build(options) => build::build(shell, &options),
        Command::Check => check::check(shell),
        Command::Bless => bless::bless(shell),
        Command::Record(options) => record::record(shell, &options),
        Command::Audit(options) => audit::audit(shell, &options),
        Command::Bench(options) => bench::bench(shell, &options),
        Command::Pdf(options) => pdf::pdf(shell, &options),
        Command::Fonts => fonts::fonts(shell),
        Command::Cards(options) => cards::cards(shell, &options),
        Command::Release(options) => release::release(shell, &options),
        Command::Upgrade(options) => upgrade::upgrade(shell, &options),
        Command::New(kind) => new::new(shell, &kind),
        Command::Zola(options) => zola::pass_through(shell, &options),
    }
}
