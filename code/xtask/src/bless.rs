//! `cargo xtask bless`: takes what the compiler says today as what the anti-patterns must say.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

const WHERE: &str = "tests/anti_patterns";

pub fn bless(shell: &Shell) -> Result<()> {
    eprintln!("$ TRYBUILD=overwrite cargo test -p anti_patterns");
    let tests = cmd!(shell, "cargo test -p anti_patterns")
        .env("TRYBUILD", "overwrite")
        .quiet()
        .run();
    // What was rewritten is worth seeing even if one of the tests failed.
    cmd!(shell, "git status --short -- {WHERE}").run()?;
    cmd!(shell, "git --no-pager diff --stat -- {WHERE}").run()?;
    tests.context("an anti-pattern does not fail as it should; its message stands above")?;
    eprintln!(
        "Read each changed .stderr (`git diff {WHERE}`): it must show the very error that \
         the chapter explains."
    );
    Ok(())
}
