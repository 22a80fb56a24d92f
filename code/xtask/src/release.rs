//! `cargo xtask release`: all that a version of the book consists of, in one folder.
//!
//! `.github/workflows/release.yml` types it for each tag; typed here, it makes the same files.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use toml::{Table, Value};
use xshell::{Shell, cmd};

use crate::pages::read;
use crate::{build, epub, pdf, project};

/// The page *What is new*, with a section for each version.
const NEWS: &str = "content/changelog.md";
const NAME: &str = "async-rust-step-by-step";

#[derive(clap::Args)]
pub struct Options {
    /// The tag that is released, such as v0.1.0, which must be that of the version in Cargo.toml [default: that version's]
    tag: Option<String>,
    /// The address the site will have [default: base_url of config.toml]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Leave out the PDF, which needs Node.js and Chromium
    #[arg(long)]
    without_pdf: bool,
}

pub fn release(shell: &Shell, options: &Options) -> Result<()> {
    let version = version(&read(shell, "Cargo.toml")?)?;
    let tag = format!("v{version}");
    if let Some(asked) = &options.tag {
        ensure!(
            *asked == tag,
            "the tag {asked} is not that of Cargo.toml, whose version is {version}: tag {tag}, or change the version"
        );
    }
    let news = news(&shell.read_file(NEWS)?, &version)?;
    let changed = cmd!(shell, "git status --porcelain").quiet().read()?;
    ensure!(
        changed.is_empty(),
        "what is not committed would be missing in the .zip, and is in the site:\n{changed}\ncommit it, or put it away with `git stash`"
    );

    build::build(
        shell,
        &build::Options {
            base_url: options.base_url.clone(),
            pdf: !options.without_pdf,
        },
    )?;
    let folder = project::target(shell)?.join("release").join(&tag);
    shell.remove_path(&folder)?;
    shell.create_dir(&folder)?;
    let file = |ending: &str| folder.join(format!("{NAME}-{version}{ending}"));
    shell.copy_file(Path::new("public").join(epub::NAME), file(".epub"))?;
    if !options.without_pdf {
        shell.copy_file(Path::new("public").join(pdf::NAME), file(".pdf"))?;
    }
    let site = file("-site.tar.gz");
    cmd!(shell, "tar -czf {site} -C public .").run()?;
    let workspace = file(".zip");
    let prefix = format!("{NAME}-{version}/");
    cmd!(
        shell,
        "git archive --format=zip --prefix={prefix} --output={workspace} HEAD"
    )
    .run()?;
    shell.write_file(folder.join("NEWS.md"), news)?;

    eprintln!("\n{tag} stands in {}:", folder.display());
    for file in shell.read_dir(&folder)? {
        let bytes = file.metadata()?.len();
        let name = file.file_name().unwrap_or_default().display().to_string();
        eprintln!("{:>8.1} MB  {name}", bytes as f64 / 1e6);
    }
    Ok(())
}

/// Of the whole workspace.
fn version(manifest: &Table) -> Result<String> {
    let version = manifest
        .get("workspace")
        .and_then(|it| it.get("package")?.get("version"))
        .and_then(Value::as_str);
    Ok(version
        .context("Cargo.toml has no workspace.package.version")?
        .to_owned())
}

/// What the page says of this version, which must be the newest there.
fn news(page: &str, version: &str) -> Result<String> {
    let (_, sections) = page
        .split_once("\n## ")
        .with_context(|| format!("{NEWS} has no section"))?;
    let (heading, rest) = sections.split_once('\n').unwrap_or((sections, ""));
    ensure!(
        heading.split(' ').next() == Some(version),
        "{NEWS} begins with \"{heading}\": write above it what is new in {version}"
    );
    let text = rest.split("\n## ").next().unwrap_or_default();
    Ok(text.trim().to_owned() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "+++\n+++\n\nHello.\n\n## 0.2.0 {#v0-2-0}\n\n- Tea.\n\n## 0.1.0 {#v0-1-0}\n\nAll.\n";

    #[test]
    fn what_is_new_is_the_newest_section_of_the_page() {
        assert_eq!(news(PAGE, "0.2.0").unwrap(), "- Tea.\n");
        let error = news(PAGE, "0.3.0").unwrap_err().to_string();
        assert!(error.contains("what is new in 0.3.0"), "{error}");
    }

    #[test]
    fn the_page_tells_what_is_new_in_this_version() {
        let shell = project::shell().unwrap();
        let version = version(&read(&shell, "Cargo.toml").unwrap()).unwrap();
        news(&shell.read_file(NEWS).unwrap(), &version).unwrap();
    }
}
