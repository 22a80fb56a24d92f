//! `cargo xtask upgrade`: another Tokio, other crates or another Rust, and what it changes.
//!
//! With `--dry-run`, a copy of the committed text and code is upgraded below `target/upgrade/`,
//! everything that the book shows is made anew there, and the differences are listed. Without it,
//! this checkout is upgraded: versions in `Cargo.toml` and `Cargo.lock`, and in links to docs.rs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, bail, ensure};
use toml::{Table, Value};
use xshell::{Shell, cmd};

use crate::project;

mod report;

use report::{Finding, finding};

const MANIFESTS: [&str; 2] = ["Cargo.toml", "code/exercises/Cargo.toml"];

#[derive(clap::Args)]
pub struct Options {
    /// Change nothing here: show what programs, messages, runs, sizes and links would change
    #[arg(long)]
    dry_run: bool,
    /// The version of Tokio, older or newer [default: all crates, as new as Cargo.toml lets them be]
    #[arg(long, value_name = "VERSION")]
    tokio: Option<String>,
    /// The toolchain of rustup, such as 1.96 or nightly [default: the one in use]
    #[arg(long, value_name = "TOOLCHAIN")]
    rust: Option<String>,
    /// Look at these alone
    #[arg(long, value_enum, requires = "dry_run")]
    only: Vec<Look>,
    /// Of the programs, only those of this chapter, such as ch03
    #[arg(long, value_name = "CHAPTER", requires = "dry_run")]
    chapter: Option<String>,
}

/// Something that the book shows, and a new version may change.
#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Look {
    /// Links to documentation, and the names they lead to
    Links,
    /// Sizes and allocations that the measurements count
    Sizes,
    /// The compiler's messages
    Messages,
    /// The programs of the text
    Programs,
    /// Recorded runs
    Runs,
}

const LOOKS: [Look; 5] = [
    Look::Links,
    Look::Sizes,
    Look::Messages,
    Look::Programs,
    Look::Runs,
];

pub fn upgrade(shell: &Shell, options: &Options) -> Result<()> {
    let files = cmd!(shell, "git ls-files").quiet().read()?;
    if !options.dry_run {
        let changed = apply(shell, options, &files)?;
        print!("{}", crates(&changed));
        eprintln!("Now make anew what the book shows of them: CONTRIBUTING says how.");
        return Ok(());
    }
    let root = project::target(shell)?.join("upgrade");
    let copy = copy(shell, &root, &files)?;
    let target = shell.current_dir().join(&root).join("target");
    let there = shell.clone();
    there.change_dir(&copy);
    there.set_var("CARGO_TARGET_DIR", target);
    if let Some(rust) = &options.rust {
        there.set_var("RUSTUP_TOOLCHAIN", rust);
    }
    let rust = |shell: &Shell| cmd!(shell, "rustc --version").quiet().read();
    let (was, is) = (rust(shell)?, rust(&there)?);
    let changed = apply(&there, options, &files)?;
    ensure!(
        !changed.is_empty() || was != is,
        "nothing would change: Cargo.lock has these versions already"
    );
    println!("# What this upgrade would change\n");
    println!("- Rust: {was} → {is}\n{}", crates(&changed));
    date(&there, &changed, &files)?;
    for look in LOOKS {
        if options.only.is_empty() || options.only.contains(&look) {
            let finding = see(&there, look, options.chapter.as_deref())?;
            println!("{finding}");
        }
    }
    eprintln!("The upgraded copy stands in {}.", copy.display());
    Ok(())
}

/// Copies what git knows, as it stands here.
fn copy(shell: &Shell, root: &Path, files: &str) -> Result<PathBuf> {
    let copy = root.join("copy");
    shell.remove_path(&copy)?;
    for file in files.lines() {
        let to = copy.join(file);
        shell.create_dir(to.parent().unwrap_or(&copy))?;
        // A file may be deleted here, and not yet in git.
        if shell.path_exists(file) {
            shell.copy_file(file, to)?;
        }
    }
    Ok(copy)
}

/// A crate, its versions before and after.
type Changed = BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>;

/// Changes the versions where the shell stands.
fn apply(shell: &Shell, options: &Options, files: &str) -> Result<Changed> {
    let before = locked(&shell.read_file("Cargo.lock")?)?;
    match &options.tokio {
        Some(version) => {
            for manifest in MANIFESTS {
                let text = shell.read_file(manifest)?;
                shell.write_file(manifest, require(&text, version)?)?;
                cmd!(
                    shell,
                    "cargo update --quiet --manifest-path {manifest} --package tokio --precise {version}"
                )
                .run()?;
            }
        }
        None => {
            for manifest in MANIFESTS {
                cmd!(shell, "cargo update --quiet --manifest-path {manifest}").run()?;
            }
        }
    }
    let after = locked(&shell.read_file("Cargo.lock")?)?;
    let mut changed = Changed::new();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (was, is) = (before.get(name), after.get(name));
        if was != is {
            let versions = |it: Option<&BTreeSet<String>>| it.cloned().unwrap_or_default();
            changed.insert(name.clone(), (versions(was), versions(is)));
        }
    }
    relink(shell, &changed, files)?;
    Ok(changed)
}

/// The manifest, with this version of Tokio as the least.
fn require(manifest: &str, version: &str) -> Result<String> {
    let numbers: Vec<&str> = version.split('.').collect();
    let [major, minor, _] = numbers[..] else {
        bail!("`{version}` is no version of Tokio: write all three numbers, such as 1.55.0");
    };
    let is_tokio = |line: &&str| line.starts_with("tokio = {");
    let old = manifest
        .lines()
        .find(is_tokio)
        .context("Cargo.toml has no line `tokio = { … }`")?;
    let (before, rest) = old
        .split_once("version = \"")
        .context("tokio has no version")?;
    let (_, after) = rest.split_once('"').context("the version has no end")?;
    let new = format!("{before}version = \"{major}.{minor}\"{after}");
    Ok(manifest.replacen(old, &new, 1))
}

/// Of each crate, its versions.
fn locked(lock: &str) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let lock: Table = lock.parse()?;
    let packages = lock.get("package").and_then(Value::as_array);
    let mut crates = BTreeMap::<String, BTreeSet<String>>::new();
    for package in packages.into_iter().flatten() {
        let text = |key: &str| package.get(key).and_then(Value::as_str).map(str::to_owned);
        if let (Some(name), Some(version)) = (text("name"), text("version")) {
            crates.entry(name).or_default().insert(version);
        }
    }
    Ok(crates)
}

/// Writes the new versions into links to docs.rs.
fn relink(shell: &Shell, changed: &Changed, files: &str) -> Result<()> {
    let pairs: Vec<(String, String)> = changed
        .iter()
        .filter_map(|(name, (was, is))| {
            let address = |version: &String| format!("docs.rs/{name}/{version}");
            Some((address(was.first()?), address(is.last()?)))
        })
        .collect();
    let linked = |file: &&str| {
        let ending = Path::new(file).extension();
        ending.is_some_and(|it| it == "md" || it == "rs")
    };
    for file in files.lines().filter(linked) {
        let Ok(text) = shell.read_file(file) else {
            continue;
        };
        let linked = pairs
            .iter()
            .fold(text.clone(), |text, (was, is)| text.replace(was, is));
        if linked != text {
            shell.write_file(file, linked)?;
        }
    }
    Ok(())
}

/// Writes the new version of Tokio into recorded runs, of which then only those differ that show
/// something else.
fn date(shell: &Shell, changed: &Changed, files: &str) -> Result<()> {
    let Some((was, is)) = changed.get("tokio") else {
        return Ok(());
    };
    let line = |versions: &BTreeSet<String>| {
        let version = versions.last().context("tokio has no version")?;
        Ok::<_, Error>(format!("\n\"tokio\":\"{version}\",\n"))
    };
    let (was, is) = (line(was)?, line(is)?);
    let is_run = |file: &&str| file.starts_with("static/runs/") && file.ends_with(".json");
    for file in files.lines().filter(is_run) {
        let text = shell.read_file(file)?;
        shell.write_file(file, text.replacen(&was, &is, 1))?;
    }
    Ok(())
}

/// Makes anew what the book shows, and tells what became different.
fn see(shell: &Shell, look: Look, chapter: Option<&str>) -> Result<Finding> {
    let folder = shell.current_dir();
    let test = |arguments: &str, filters: &[&str]| {
        let arguments = arguments.split(' ');
        cmd!(
            shell,
            "cargo test --no-fail-fast {arguments...} -- {filters...}"
        )
    };
    Ok(match look {
        Look::Links => finding(
            "Links",
            "names that links or pages have, and the sources don't",
            test(
                "--package site --test site",
                &["links_lead", "documentation_is", "cancel_safety_is"],
            ),
        )?,
        Look::Sizes => finding(
            "Sizes",
            "what a measurement counts, and its committed result",
            test("--package measurements", &[]),
        )?,
        Look::Messages => {
            let stderr = |shell: &Shell| messages(shell);
            let before = stderr(shell)?;
            let ran = finding(
                "Messages",
                "messages of the compiler",
                test("--package anti_patterns", &[]).env("TRYBUILD", "overwrite"),
            )?;
            ran.with(changes(&before, &stderr(shell)?))
        }
        Look::Programs => {
            let filter: Vec<&str> = chapter.into_iter().collect();
            finding(
                "Programs",
                "programs of the text",
                test("--package chapters", &filter),
            )?
        }
        Look::Runs => finding(
            "Runs",
            "recorded runs",
            cmd!(shell, "cargo run --package recorder -- --check"),
        )?,
    }
    .relative_to(&folder))
}

/// The messages of all anti-patterns.
fn messages(shell: &Shell) -> Result<BTreeMap<String, String>> {
    let mut messages = BTreeMap::new();
    for folder in shell.read_dir("tests/anti_patterns")? {
        if !folder.is_dir() {
            continue;
        }
        for file in shell.read_dir(&folder)? {
            if file.extension().is_some_and(|it| it == "stderr") {
                messages.insert(file.display().to_string(), shell.read_file(&file)?);
            }
        }
    }
    Ok(messages)
}

/// The files whose text is another one now.
fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let changed = after
        .iter()
        .filter(|(file, text)| before.get(*file) != Some(text));
    changed.map(|(file, _)| file.clone()).collect()
}

/// A line for each crate.
fn crates(changed: &Changed) -> String {
    let versions = |it: &BTreeSet<String>| match it.len() {
        0 => "none".to_owned(),
        _ => it.iter().cloned().collect::<Vec<_>>().join(", "),
    };
    let line = |(name, (was, is)): (&String, &(BTreeSet<String>, BTreeSet<String>))| {
        format!("- {name}: {} → {}\n", versions(was), versions(is))
    };
    changed.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_asks_for_the_minor_version() {
        let manifest = "[workspace.dependencies]\ntokio = { version = \"1.54\", features = [\"full\"] }\ntokio-util = { version = \"0.7\" }\n";
        let expected = manifest.replace("1.54", "1.55");
        assert_eq!(require(manifest, "1.55.3").unwrap(), expected);
        let error = require(manifest, "1.55").unwrap_err().to_string();
        assert!(error.contains("all three numbers"), "{error}");
    }

    #[test]
    fn crates_are_listed_with_all_their_versions() {
        let lock = |syn: &str| {
            let lock = format!("[[package]]\nname = \"syn\"\nversion = \"{syn}\"\n");
            locked(&lock).unwrap()["syn"].clone()
        };
        let changed = Changed::from([("syn".to_owned(), (lock("2.0.1"), lock("3.0.0")))]);
        assert_eq!(crates(&changed), "- syn: 2.0.1 → 3.0.0\n");
    }

    #[test]
    fn a_message_that_is_another_one_is_listed() {
        let of = |text: &str| BTreeMap::from([("a.stderr".to_owned(), text.to_owned())]);
        assert_eq!(changes(&of("one"), &of("two")), ["a.stderr"]);
        assert_eq!(changes(&of("one"), &of("one")), <[String; 0]>::default());
    }
}
