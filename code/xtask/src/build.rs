//! `cargo xtask build`: the site as it is deployed.

use anyhow::Result;
use xshell::Shell;

use crate::zola::Zola;

#[derive(clap::Args)]
pub struct Options {
    /// The address the site will have [default: base_url of config.toml]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
}

pub fn build(shell: &Shell, options: &Options) -> Result<()> {
    let zola = Zola::locate(shell)?;
    let base_url = options.base_url.iter().flat_map(|url| ["--base-url", url]);
    zola.command(shell, ["build"]).args(base_url).run()?;
    eprintln!("The site stands in public/.");
    Ok(())
}
