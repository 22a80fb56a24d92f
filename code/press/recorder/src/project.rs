//! Builds marked programs as one Cargo project.
//!
//! The project stands apart from the workspace, since Tokio is built with other features in it.
//! Its files are written only where they change, so that a build does only what is new.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;
use toml::{Table, Value};

/// A project whose programs link the probe.
pub struct Project {
    folder: PathBuf,
    target: PathBuf,
}

impl Project {
    /// Writes the manifest of the project `name`: the crates a chapter may use, in the versions of
    /// the repository at `root`. What was built of them is shared by all projects.
    pub fn create(root: &Path, name: &str) -> Result<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR");
        let record = target
            .map_or_else(|| root.join("target"), PathBuf::from)
            .join("record");
        let folder = record.join(name);
        fs::create_dir_all(folder.join("src/bin"))?;
        write_if_new(&folder.join("Cargo.toml"), &manifest(root)?)?;
        // The versions of the workspace. Cargo takes out what this project does not use.
        let lock = fs::read_to_string(root.join("Cargo.lock")).context("Cargo.lock")?;
        let copy = folder.join("Cargo.lock.workspace");
        if fs::read_to_string(&copy).ok().as_ref() != Some(&lock) {
            fs::write(folder.join("Cargo.lock"), &lock)?;
            fs::write(copy, lock)?;
        }
        Ok(Project {
            folder,
            target: record.join("target"),
        })
    }

    /// Removes the programs that are not among `names`.
    pub fn keep(&self, names: &BTreeSet<&str>) -> Result<()> {
        for entry in fs::read_dir(self.folder.join("src/bin"))? {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if !stem.is_some_and(|stem| names.contains(stem)) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Adds a program, or takes over its new text.
    pub fn add(&self, name: &str, text: &str) -> Result<()> {
        let file = self.folder.join("src/bin").join(format!("{name}.rs"));
        write_if_new(&file, text)
    }

    /// Builds programs and returns where they are; one that does not compile is missing.
    ///
    /// Cargo shows its progress and the compiler's messages.
    pub fn build<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, PathBuf>> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.args(["build", "--keep-going"]);
        for name in names {
            command.args(["--bin", name]);
        }
        command
            .arg("--message-format=json-render-diagnostics")
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("RUSTFLAGS", "--cfg tokio_unstable -Awarnings")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .stderr(Stdio::inherit());
        eprintln!(
            "$ cd {} && RUSTFLAGS=\"--cfg tokio_unstable\" cargo build --bins",
            self.folder.display()
        );
        let output = command.output().context("cargo")?;
        let built = executables(&String::from_utf8_lossy(&output.stdout));
        ensure!(
            output.status.success() || !built.is_empty(),
            "nothing could be built; Cargo's message stands above"
        );
        Ok(built)
    }

    /// The version of Tokio that the project is built with.
    pub fn tokio_version(&self) -> Result<String> {
        let lock = table(&self.folder.join("Cargo.lock"))?;
        let packages = lock.get("package").and_then(Value::as_array);
        let tokio = packages
            .into_iter()
            .flatten()
            .find(|package| package["name"].as_str() == Some("tokio"))
            .and_then(|package| package["version"].as_str());
        Ok(tokio.context("no tokio in Cargo.lock")?.to_owned())
    }
}

/// The programs that Cargo reports, by name.
fn executables(messages: &str) -> BTreeMap<String, PathBuf> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    messages
        .filter_map(|message: Json| {
            let executable = message["executable"].as_str()?;
            let name = message["target"]["name"].as_str()?;
            Some((name.to_owned(), PathBuf::from(executable)))
        })
        .collect()
}

fn manifest(root: &Path) -> Result<String> {
    let workspace = table(&root.join("Cargo.toml"))?;
    let versions = workspace["workspace"]["dependencies"]
        .as_table()
        .context("no [workspace.dependencies]")?;
    let chapters = table(&root.join("tests/chapters/Cargo.toml"))?;
    let mut crates = Table::new();
    let allowed = chapters.get("dependencies").and_then(Value::as_table);
    for name in allowed.into_iter().flat_map(Table::keys) {
        let version = versions.get(name);
        let version = version.with_context(|| format!("no version of {name}"))?;
        crates.insert(name.clone(), version.clone());
    }
    let tokio = versions.get("tokio").context("no tokio in the workspace")?;
    crates.insert("tokio".into(), traced(tokio)?);
    let recorder = root.join("code/press/recorder").display().to_string();
    crates.insert(
        "recorder".into(),
        Value::Table(Table::from_iter([
            ("path".into(), Value::String(recorder)),
            ("default-features".into(), Value::Boolean(false)),
        ])),
    );
    let dependencies = Table::from_iter([("dependencies".to_owned(), Value::Table(crates))]);
    Ok(format!(
        "[package]\nname = \"runs\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\nincremental = false\n\n\
         [profile.dev.package.\"*\"]\ndebug = false\n\n{}",
        toml::to_string(&dependencies)?
    ))
}

fn table(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    text.parse().with_context(|| path.display().to_string())
}

/// Tokio with its feature `tracing`.
fn traced(tokio: &Value) -> Result<Value> {
    let mut tokio = tokio.as_table().context("tokio has no features")?.clone();
    let features = tokio.get_mut("features").and_then(Value::as_array_mut);
    features
        .context("tokio has no features")?
        .push(Value::String("tracing".into()));
    Ok(Value::Table(tokio))
}

/// Writes a file only when that changes it, so that Cargo builds nothing anew.
fn write_if_new(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}
