//! `cargo xtask bench`: what the book says of its own speed, measured again.

use anyhow::Result;
use xshell::{Shell, cmd};

#[derive(Clone, Copy, clap::ValueEnum)]
pub enum What {
    /// Proving the book: this harness, skeptic, merged doctests and `mdbook test`
    Harness,
    /// Building the site: this one, mdBook and Material for MkDocs; ten times the chapters; an edit
    Site,
}

pub fn bench(shell: &Shell, what: What) -> Result<()> {
    match what {
        What::Harness => cmd!(shell, "cargo bench --package harness --bench peers").run()?,
        What::Site => cmd!(shell, "cargo bench --package site --bench builds").run()?,
    }
    Ok(())
}
