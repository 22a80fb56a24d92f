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

/// The manifests and the lock file that say which crates a program may use, and in which versions.
pub struct Versions {
    workspace: String,
    chapters: String,
    lock: String,
}

impl Versions {
    /// Those of the repository at `root`.
    pub fn of(root: &Path) -> Result<Self> {
        let read = |file: &str| {
            let path = root.join(file);
            fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        Ok(Versions {
            workspace: read("Cargo.toml")?,
            chapters: read("tests/chapters/Cargo.toml")?,
            lock: read("Cargo.lock")?,
        })
    }

    /// Those of the book that this program was built with.
    pub fn built_in() -> Self {
        Versions {
            workspace: include_str!("../../../../Cargo.toml").to_owned(),
            chapters: include_str!("../../../../tests/chapters/Cargo.toml").to_owned(),
            lock: include_str!("../../../../Cargo.lock").to_owned(),
        }
    }
}

/// The sources of the probe, which is written where a program is recorded.
const PROBE: [(&str, &str); 12] = [
    ("lib.rs", include_str!("lib.rs")),
    ("marks.rs", include_str!("marks.rs")),
    ("seeded.rs", include_str!("seeded.rs")),
    ("probe/mod.rs", include_str!("probe/mod.rs")),
    ("probe/caller.rs", include_str!("probe/caller.rs")),
    ("probe/line.rs", include_str!("probe/line.rs")),
    ("probe/main_waker.rs", include_str!("probe/main_waker.rs")),
    ("probe/mark.rs", include_str!("probe/mark.rs")),
    ("probe/quiet.rs", include_str!("probe/quiet.rs")),
    ("probe/reports.rs", include_str!("probe/reports.rs")),
    ("probe/stack.rs", include_str!("probe/stack.rs")),
    ("probe/tokio.rs", include_str!("probe/tokio.rs")),
];

/// Writes the crate that recorded programs link into the folder `record`, and returns where.
pub fn write_probe(record: &Path) -> Result<PathBuf> {
    let folder = record.join("probe");
    fs::create_dir_all(folder.join("src/probe"))?;
    for (file, text) in PROBE {
        write_if_new(&folder.join("src").join(file), text)?;
    }
    let workspace = include_str!("../../../../Cargo.toml").parse::<Table>()?;
    let mut crates = Table::new();
    for name in ["ctor", "pin-project-lite", "tokio", "tracing"] {
        crates.insert(
            name.into(),
            workspace["workspace"]["dependencies"][name].clone(),
        );
    }
    crates.insert("tokio".into(), traced(&crates["tokio"])?);
    let dependencies = Table::from_iter([("dependencies".to_owned(), Value::Table(crates))]);
    let manifest = format!(
        "[package]\nname = \"recorder\"\nversion = \"{}\"\nedition = \"2024\"\n\n\
         [features]\nseeded = []\ntool = []\n\n{}",
        env!("CARGO_PKG_VERSION"),
        toml::to_string(&dependencies)?
    );
    write_if_new(&folder.join("Cargo.toml"), &manifest)?;
    Ok(folder)
}

/// How a manifest asks for the probe in a folder.
pub fn probe_dependency(folder: &Path) -> Value {
    Value::Table(Table::from_iter([
        ("path".into(), Value::String(folder.display().to_string())),
        (
            "features".into(),
            Value::Array(vec![Value::String("seeded".into())]),
        ),
    ]))
}

/// A project whose programs link the probe.
pub struct Project {
    /// Where it is, without symbolic links: as the compiler names it.
    pub folder: PathBuf,
    target: PathBuf,
}

impl Project {
    /// Writes the manifest of the project `name` in the folder `record`: those crates a chapter may
    /// use that a program `uses`. What was built of them is shared by all projects there.
    pub fn create(
        record: &Path,
        name: &str,
        versions: &Versions,
        uses: impl Fn(&str) -> bool,
    ) -> Result<Self> {
        let folder = record.join(name);
        fs::create_dir_all(folder.join("src/bin"))?;
        let (record, folder) = (record.canonicalize()?, folder.canonicalize()?);
        let probe = write_probe(&record)?;
        let new = write_if_new(
            &folder.join("Cargo.toml"),
            &manifest(versions, &probe, uses)?,
        )?;
        // The versions of the workspace. Cargo takes out what this project does not use.
        let copy = folder.join("Cargo.lock.workspace");
        if new || fs::read_to_string(&copy).ok().as_ref() != Some(&versions.lock) {
            fs::write(folder.join("Cargo.lock"), &versions.lock)?;
            fs::write(copy, &versions.lock)?;
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
        write_if_new(&file, text).map(|_| ())
    }

    /// Builds programs and returns where they are; one that does not compile is missing.
    ///
    /// Cargo shows its progress and the compiler's messages.
    pub fn build<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, PathBuf>> {
        let mut command = cargo("build", &self.folder, &self.target);
        command.arg("--keep-going");
        for name in names {
            command.args(["--bin", name]);
        }
        command.arg("--message-format=json-render-diagnostics");
        eprintln!(
            "$ cd {:?} && RUSTFLAGS=\"--cfg tokio_unstable\" cargo build --bins",
            self.folder
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
        tokio_version(&self.folder)
    }
}

/// The version of Tokio in the lock file of a folder.
pub fn tokio_version(folder: &Path) -> Result<String> {
    let path = folder.join("Cargo.lock");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let lock: Table = text.parse().with_context(|| path.display().to_string())?;
    let packages = lock.get("package").and_then(Value::as_array);
    let tokio = packages
        .into_iter()
        .flatten()
        .find(|package| package["name"].as_str() == Some("tokio"))
        .and_then(|package| package["version"].as_str());
    Ok(tokio.context("no tokio in Cargo.lock")?.to_owned())
}

/// Where what is recorded is built: below the folder `target`, or that of `CARGO_TARGET_DIR`.
pub fn record_folder(target: PathBuf) -> PathBuf {
    let own = std::env::var_os("CARGO_TARGET_DIR");
    own.map_or(target, PathBuf::from).join("record")
}

/// A command of Cargo that builds programs with Tokio's instrumentation.
pub fn cargo(command: &str, folder: &Path, target: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut cargo = Command::new(cargo);
    cargo
        .arg(command)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTFLAGS", "--cfg tokio_unstable --cap-lints=allow")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stderr(Stdio::inherit());
    cargo
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

fn manifest(versions: &Versions, probe: &Path, uses: impl Fn(&str) -> bool) -> Result<String> {
    let workspace: Table = versions.workspace.parse().context("Cargo.toml")?;
    let known = workspace["workspace"]["dependencies"]
        .as_table()
        .context("no [workspace.dependencies]")?;
    let chapters: Table = versions.chapters.parse().context("chapters/Cargo.toml")?;
    let mut crates = Table::new();
    let allowed = chapters.get("dependencies").and_then(Value::as_table);
    let used = allowed
        .into_iter()
        .flat_map(Table::keys)
        .filter(|name| uses(name));
    for name in used {
        let version = known.get(name);
        let version = version.with_context(|| format!("no version of {name}"))?;
        crates.insert(name.clone(), version.clone());
    }
    crates.insert("recorder".into(), probe_dependency(probe));
    let dependencies = Table::from_iter([("dependencies".to_owned(), Value::Table(crates))]);
    Ok(format!(
        "[package]\nname = \"runs\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\nincremental = false\n\n\
         [profile.dev.package.\"*\"]\ndebug = false\n\n{}",
        toml::to_string(&dependencies)?
    ))
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

/// Writes a file only when that changes it, so that Cargo builds nothing anew. Returns whether.
pub fn write_if_new(path: &Path, text: &str) -> Result<bool> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(false);
    }
    fs::write(path, text).with_context(|| path.display().to_string())?;
    Ok(true)
}
