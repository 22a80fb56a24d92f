//! Builds the marked programs as one Cargo project and runs them.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use toml::{Table, Value};

use crate::probe;

/// How long one run may take; the time inside is virtual, so that a second is plenty.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);

/// A Cargo project apart from the workspace, since Tokio is built with other features in it.
pub struct Project {
    folder: PathBuf,
}

/// What came of one run.
pub struct Outcome {
    /// Standard output: the program's and the probe's.
    pub output: String,
    /// Standard error, for messages.
    pub errors: String,
    /// Whether the program ended as programs do.
    pub success: bool,
}

impl Project {
    /// Writes the project's manifest: the crates a chapter may use, in the workspace's versions.
    pub fn create(root: &Path, folder: PathBuf) -> Result<Self> {
        let programs = folder.join("src/bin");
        if programs.exists() {
            fs::remove_dir_all(&programs)?;
        }
        fs::create_dir_all(&programs)?;
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
        let mut recorder = Table::new();
        recorder.insert("path".into(), text(&root.join("code/recorder")));
        recorder.insert("default-features".into(), Value::Boolean(false));
        crates.insert("recorder".into(), Value::Table(recorder));
        let manifest = format!(
            "[package]\nname = \"runs\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [profile.dev]\ndebug = \"line-tables-only\"\nincremental = false\n\n\
             [profile.dev.package.\"*\"]\ndebug = false\n\n{}",
            toml::to_string(&Table::from_iter([(
                "dependencies".to_owned(),
                Value::Table(crates)
            )]))?
        );
        write_if_new(&folder.join("Cargo.toml"), &manifest)?;
        // The versions of the workspace, less what this project does not use.
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).context("Cargo.lock")?;
        Ok(Project { folder })
    }

    /// Adds a program.
    pub fn add(&self, name: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.file(name), text)?)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join("src/bin").join(format!("{name}.rs"))
    }

    /// Builds all programs; Cargo's own progress is the progress shown.
    pub fn build(&self) -> Result<()> {
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--bins", "--keep-going"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("RUSTFLAGS", "--cfg tokio_unstable -Awarnings")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .status()
            .context("cargo")?;
        ensure!(
            status.success(),
            "a marked program does not compile (the message above names it)"
        );
        Ok(())
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

    /// Runs one program with the probe on.
    pub fn run(&self, name: &str) -> Result<Outcome> {
        let mut child = Command::new(self.folder.join("target/debug").join(name))
            .env(probe::SWITCH, format!("src/bin/{name}.rs"))
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let output = reader(child.stdout.take());
        let errors = reader(child.stderr.take());
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if start.elapsed() > TIME_LIMIT {
                child.kill()?;
                child.wait()?;
                bail!("it still ran after {} s", TIME_LIMIT.as_secs());
            }
            thread::sleep(Duration::from_millis(5));
        };
        let text = |thread: thread::JoinHandle<String>| thread.join().unwrap_or_default();
        Ok(Outcome {
            output: text(output),
            errors: text(errors),
            success: status.success(),
        })
    }
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn table(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    text.parse().with_context(|| path.display().to_string())
}

fn text(path: &Path) -> Value {
    Value::String(path.display().to_string())
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
pub fn write_if_new(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}
