//! `cargo xtask build`: the site as it is deployed.

use std::path::Path;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::zola::Zola;
use crate::{dates, epub, markdown, pdf, scripts};

#[derive(clap::Args)]
pub struct Options {
    /// The address the site will have [default: base_url of config.toml]
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Print the book to a PDF too, with Chromium, and have the first page lead to it
    #[arg(long)]
    pub pdf: bool,
}

pub fn build(shell: &Shell, options: &Options) -> Result<()> {
    let zola = Zola::locate(shell)?;
    let base_url = options.base_url.iter().flat_map(|url| ["--base-url", url]);
    dates::lay_out(shell)?;
    // The first page leads to the PDF only where there will be one.
    let _pdf = options.pdf.then(|| shell.push_env("BOOK_PDF", pdf::NAME));
    zola.command(shell, ["build"]).args(base_url).run()?;
    dates::into_sitemap(shell)?;
    scripts::strip(shell, Path::new("public"))?;
    let pages = markdown::write(shell, Path::new("public"), options.base_url.as_deref())
        .context("the HTML stands in public/, but not its Markdown")?;
    eprintln!("Markdown of {pages} pages stands beside them, llms.txt is its index.");
    // In a package of its own, so that who only reads the book compiles no HTML parser.
    cmd!(shell, "cargo run --package search -- public")
        .run()
        .context("the pages stand in public/, but their search has no index")?;
    cmd!(shell, "cargo run --package offline -- public")
        .run()
        .context("the pages stand in public/, but cannot be kept for reading offline")?;
    epub::bind(shell, &Path::new("public").join(epub::NAME))
        .context("the pages stand in public/, but not the book for e-readers")?;
    if options.pdf {
        pdf::into_site(shell)?;
    }
    eprintln!("The site stands in public/.");
    Ok(())
}
