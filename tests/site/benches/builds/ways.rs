//! The ways to build a site of the book's text.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use harness::bench;

/// The Material that is compared with; the newest when this was written.
const MATERIAL: &str = "9.8.1";

/// One way, in a folder of its own.
pub struct Way {
    pub name: String,
    pub folder: PathBuf,
    command: Vec<String>,
}

impl Way {
    fn new(name: impl Into<String>, folder: &Path, command: &[&str]) -> Result<Self> {
        let way = Self {
            name: name.into(),
            folder: folder.to_owned(),
            command: command.iter().map(|&word| word.to_owned()).collect(),
        };
        eprintln!("{}: a first build", way.name);
        way.build()?;
        Ok(way)
    }

    /// Builds the whole site.
    pub fn build(&self) -> Result<()> {
        run(Command::new(&self.command[0])
            .args(&self.command[1..])
            .current_dir(&self.folder))
    }
}

/// All of them, each built once. Tools that are missing are installed below `target/bench/`.
pub fn all() -> Result<Vec<Way>> {
    let root = harness::root();
    let tools = root.join("target/bench/tools");
    let place = root.join("target/bench/site");
    let xtask = ["cargo", "xtask", "build"];

    let one = place.join("one");
    copy(&root, &one)?;
    let ours = Way::new("ours, `cargo xtask build`", &one, &xtask)?;

    let text = place.join("text");
    let pages = text_of(&one.join("public"), &text)?;
    let mdbook = bench::mdbook(&tools)?.display().to_string();
    let mkdocs = tools.join("mkdocs");
    install_material(&mkdocs)?;
    let mkdocs = mkdocs.join("bin/mkdocs").display().to_string();
    fs::write(
        text.join("book.toml"),
        "[book]\ntitle = \"Async Rust\"\nsrc = \"pages\"\n",
    )?;
    fs::write(
        text.join("mkdocs.yml"),
        "site_name: Async Rust\ndocs_dir: pages\nsite_dir: material\ntheme:\n  name: material\n",
    )?;
    let summary: String = pages
        .iter()
        .map(|page| format!("- [{page}]({page})\n"))
        .collect();
    fs::write(text.join("pages/SUMMARY.md"), summary)?;

    let ten = place.join("ten");
    copy(&root, &ten)?;
    let chapters = multiply(&ten, 10)?;
    Ok(vec![
        ours,
        Way::new(
            format!("mdBook {}, which highlights in the browser", bench::MDBOOK),
            &text,
            &[&mdbook, "build"],
        )?,
        Way::new(
            format!("Material for MkDocs {MATERIAL}"),
            &text,
            &[&mkdocs, "build", "--quiet"],
        )?,
        Way::new(
            format!("ours, with ten times the chapters: {chapters}"),
            &ten,
            &xtask,
        )?,
    ])
}

/// What git knows of the repository, and the Zola that was installed.
fn copy(root: &Path, to: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(to.join("content"));
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()?;
    let names = String::from_utf8(output.stdout).context("a file's name is not UTF-8")?;
    let files = names.split('\0').map(Path::new);
    // A file that git knows and that is deleted has nothing to be copied.
    for name in files.filter(|name| root.join(name).is_file()) {
        copy_file(&root.join(name), &to.join(name))?;
    }
    let zola = to.join("target/zola");
    if !zola.exists() && root.join("target/zola").exists() {
        fs::create_dir_all(to.join("target"))?;
        run(Command::new("cp")
            .arg("-r")
            .arg(root.join("target/zola"))
            .arg(&zola))?;
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

/// The Markdown that stands beside the built pages, for those who build from Markdown alone.
fn text_of(public: &Path, text: &Path) -> Result<Vec<String>> {
    let _ = fs::remove_dir_all(text.join("pages"));
    let mut pages = Vec::new();
    for entry in fs::read_dir(public)? {
        let page = entry?.path().join("index.md");
        if let (true, Some(name)) = (page.is_file(), page.parent().and_then(Path::file_name)) {
            let name = format!("{}.md", name.to_string_lossy());
            copy_file(&page, &text.join("pages").join(&name))?;
            pages.push(name);
        }
    }
    pages.sort();
    Ok(pages)
}

/// Makes `times` of every chapter, under other addresses, and answers how many there are.
fn multiply(book: &Path, times: usize) -> Result<usize> {
    let mut chapters = 0;
    for part in fs::read_dir(book.join("content"))? {
        let part = part?.path();
        if !part.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&part)? {
            let file = entry?.path();
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            if !name.starts_with("ch") {
                continue;
            }
            let chapter = fs::read_to_string(&file)?;
            for number in 2..=times {
                let another = chapter.replacen("path = \"", &format!("path = \"{number}-"), 1);
                fs::write(part.join(format!("{name}-{number}.md")), another)?;
            }
            chapters += times;
        }
    }
    Ok(chapters)
}

fn install_material(venv: &Path) -> Result<()> {
    if venv.join("bin/mkdocs").exists() {
        return Ok(());
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(venv))?;
    let package = format!("mkdocs-material=={MATERIAL}");
    run(Command::new(venv.join("bin/pip")).args(["install", "--quiet", &package]))
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!(
            "{command:?} failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
