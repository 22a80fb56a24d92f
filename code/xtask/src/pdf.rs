//! `cargo xtask pdf CHAPTER`: a built page on paper, through headless Chromium.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::project;
use crate::zola::NPM;

#[derive(clap::Args)]
pub struct Options {
    /// The chapter as its address names it, such as `coroutines`
    chapter: String,
}

pub fn pdf(shell: &Shell, options: &Options) -> Result<()> {
    let chapter = options.chapter.trim_matches('/');
    let folder = project::target(shell)?.join("pdf");
    let name = chapter.replace('/', "-");
    let file = folder.join(format!("{name}.pdf"));
    shell.create_dir(&folder)?;
    cmd!(
        shell,
        "{NPM} ci --no-audit --no-fund --ignore-scripts --prefix tests/browser"
    )
    .run()
    .context("the browser tests, which hold the driver of Chromium, are not installed")?;
    cmd!(shell, "node tests/browser/pdf.js /{chapter}/ {file}")
        .run()
        .context("the page is not printed; the reason stands above")?;
    eprintln!("The chapter stands in {}.", file.display());
    Ok(())
}
