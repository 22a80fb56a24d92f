//! `cargo xtask epub`: the whole book as one file for e-readers, from the built pages.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::{pages, project};

const NAME: &str = "async-rust-step-by-step";

pub fn epub(shell: &Shell) -> Result<()> {
    let file = project::target(shell)?.join("book").join(NAME);
    let file = file.with_extension("epub");
    let time = modified(shell)?;
    // In a package of its own, so that who only reads the book compiles no HTML parser.
    cmd!(
        shell,
        "cargo run --quiet --package press -- epub {file} {time}"
    )
    .run()
    .context("there is no EPUB; the reason stands above")?;
    eprintln!("The book stands in {}.", file.display());
    Ok(())
}

/// When the text last changed: the time of the last commit, or where there are no commits the day
/// that config.toml names.
pub fn modified(shell: &Shell) -> Result<String> {
    let _utc = shell.push_env("TZ", "UTC");
    let format = "--date=format-local:%Y-%m-%dT%H:%M:%SZ";
    let log = cmd!(shell, "git log -1 --format=%cd {format}");
    if let Ok(time) = log.quiet().ignore_stderr().read() {
        return Ok(time);
    }
    let config = pages::read(shell, "config.toml")?;
    let day = config.get("extra").and_then(|extra| extra.get("published"));
    let day = day.and_then(|day| day.as_str());
    let day = day.context("config.toml names no day in extra.published")?;
    Ok(format!("{day}T00:00:00Z"))
}
