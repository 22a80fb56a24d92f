//! `cargo xtask pdf`: the built book on paper, or a page of it, through headless Chromium.

use std::path::Path;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::{project, tools};

#[derive(clap::Args)]
pub struct Options {
    /// The chapter as its address names it, such as `coroutines` [default: the whole book]
    chapter: Option<String>,
}

/// The name of the whole book, on the site as well.
pub const NAME: &str = "async-rust-step-by-step.pdf";

/// Prints the whole book and puts it beside the pages.
pub fn into_site(shell: &Shell) -> Result<()> {
    pdf(shell, &Options { chapter: None })?;
    let file = project::target(shell)?.join("pdf").join(NAME);
    shell.copy_file(file, Path::new("public").join(NAME))?;
    Ok(())
}

pub fn pdf(shell: &Shell, options: &Options) -> Result<()> {
    tools::need_pages_in_a_browser(shell, tools::NODE_TO_PRINT)?;
    let chapter = options.chapter.as_deref().map(|it| it.trim_matches('/'));
    let path = chapter.map(|it| format!("/{it}/"));
    let name = chapter.unwrap_or("async-rust-step-by-step");
    let folder = project::target(shell)?.join("pdf");
    let file = folder.join(format!("{}.pdf", name.replace('/', "-")));
    shell.create_dir(&folder)?;
    tools::install(shell, "tests/browser")?;
    cmd!(shell, "node tests/browser/pdf.js {file} {path...}")
        .run()
        .context("nothing is printed; the reason stands above")?;
    let what = chapter.map_or("book", |_| "chapter");
    eprintln!("The {what} stands in {}.", file.display());
    Ok(())
}
