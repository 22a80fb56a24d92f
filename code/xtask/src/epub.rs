//! The built pages as a book for e-readers.

use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};
use xshell::{Shell, cmd};

use crate::pages::{read, text};

/// Its name, on the site as well.
pub const NAME: &str = "async-rust-step-by-step.epub";

/// Binds the pages in public/.
pub fn bind(shell: &Shell, file: &Path) -> Result<()> {
    let config: Table = read(shell, "config.toml")?;
    let author = text(&config, "author");
    let modified = modified(shell, &config);
    cmd!(
        shell,
        "cargo run --package epub -- public content/words/en.toml {file} {modified} {author}"
    )
    .run()
    .context("the book is not bound; the reason stands above")
}

/// When the text changed last: the time of its commit, so that the same text gives the same book.
/// A copy without git has the date in config.toml.
fn modified(shell: &Shell, config: &Table) -> String {
    let format = "--date=format-local:%Y-%m-%dT%H:%M:%SZ";
    let _zone = shell.push_env("TZ", "UTC");
    let committed = cmd!(
        shell,
        "git log -1 {format} --format=%cd -- content code static templates tests/anti_patterns"
    )
    .quiet()
    .ignore_stderr()
    .read();
    let extra = config.get("extra").and_then(Value::as_table);
    let published = extra.map_or("", |extra| text(extra, "published"));
    match committed {
        Ok(time) if !time.is_empty() => time,
        _ => format!("{published}T00:00:00Z"),
    }
}
