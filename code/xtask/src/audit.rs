//! `cargo xtask audit`: the built pages held to the limits of the site, in one table.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::tools;

#[derive(clap::Args)]
pub struct Options {
    /// Print how fast the pages are, but fail only for what no busy machine can change
    #[arg(long)]
    soft_speed: bool,
}

pub fn audit(shell: &Shell, options: &Options) -> Result<()> {
    let soft_speed = options.soft_speed.then_some("--soft-speed");
    tools::need_pages_in_a_browser(shell, tools::NODE_TO_TEST)?;
    tools::install(shell, "tests/audit")?;
    cmd!(shell, "node tests/audit/audit.js {soft_speed...}")
        .run()
        .context(
            "a limit is missed, or a page could not be measured; which one stands above. \
             If it is speed, and the machine is busy, `--soft-speed` holds the rest",
        )
}
