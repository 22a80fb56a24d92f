//! The marked copy of a reader's program: written, built, and unmarked where marks do not compile.
//!
//! A file becomes a program of a project that has the crates of the book. Of a package, the
//! folders down to it are made anew and all else in them is linked, so that paths and workspace
//! stay as they are; its own sources are marked, and its manifest asks for the probe.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value as Json;
use toml::{Table, Value};

use super::target::Package;
use crate::mark::{Program, mark_files};
use crate::project::{self, Project, Versions, cargo, write_if_new};

/// How often marks that do not compile are taken away.
const ROUNDS: usize = 8;

/// A copy of a reader's program.
pub struct Copy {
    /// Where Cargo is called: as the compiler names files, from here.
    pub folder: PathBuf,
    /// Where it builds.
    target: PathBuf,
    /// What it is told to build.
    arguments: Vec<String>,
    /// The files that are marked: as the compiler names them, and their texts.
    files: Vec<(String, String)>,
    crates: Vec<String>,
    /// What sentences leave out of a file's name.
    hidden: String,
    /// For messages: how the copy names its file, and how the reader does.
    renamed: Option<(String, String)>,
}

/// A program that Cargo built.
#[derive(Debug, Clone)]
pub struct Built {
    /// Where it is.
    pub executable: PathBuf,
    /// Whether it is a test.
    pub is_test: bool,
}

/// What Cargo said of a build.
#[derive(Default)]
struct Answer {
    built: Vec<Built>,
    errors: Vec<Json>,
    success: bool,
}

impl Copy {
    /// Of a file, below the folder `record`.
    pub fn of_file(file: &Path, record: &Path, test: bool) -> Result<Self> {
        let source = read(file)?;
        refuse_modules(file, &source)?;
        let name = name_of(file);
        // Only the crates that it names, so that a first recording need not build all.
        let names = |crate_name: &str| source.contains(&crate_name.replace('-', "_"));
        let folder = format!("own-{name}");
        let project = Project::create(record, &folder, &Versions::built_in(), names)?;
        project.keep(&BTreeSet::from([name.as_str()]))?;
        let path = format!("src/bin/{name}.rs");
        let command = if test { "test" } else { "build" };
        let mut arguments: Vec<String> = [command, "--bin", &name].map(str::to_owned).into();
        arguments.extend(test.then(|| "--no-run".to_owned()));
        Ok(Copy {
            target: record.canonicalize()?.join("target"),
            folder: project.folder,
            arguments,
            files: vec![(path.clone(), source)],
            crates: vec![name],
            hidden: String::new(),
            renamed: Some((path, file.display().to_string())),
        })
    }

    /// Of a package, below the folder where it is built.
    pub fn of_package(package: &Package, test: bool) -> Result<Self> {
        let record = &package.target;
        fs::create_dir_all(record)?;
        let record = record.canonicalize()?;
        let copies = record.join("copy");
        let mut mirror = Mirror {
            package,
            copies: copies.clone(),
            made: BTreeSet::new(),
            files: Vec::new(),
        };
        mirror.folder(&package.base)?;
        mirror.sweep(&copies)?;
        let folder = mirror.copy_of(&package.workspace);
        let probe = project::write_probe(&record)?;
        write_if_new(
            &mirror.copy_of(&package.folder).join("Cargo.toml"),
            &manifest(package, &probe)?,
        )?;
        lock(package, &folder)?;
        let within = package.folder.strip_prefix(&package.workspace)?;
        let hidden = match within.to_str() {
            Some("") | None => String::new(),
            Some(within) => format!("{within}/"),
        };
        let command = if test { "test" } else { "build" };
        let mut arguments = vec![command.to_owned(), "--package".into(), package.name.clone()];
        arguments.extend(package.chosen.iter().cloned());
        arguments.extend(test.then(|| "--no-run".to_owned()));
        mirror.files.sort();
        Ok(Copy {
            folder,
            target: record.join("target"),
            arguments,
            files: mirror.files,
            crates: package.crates.clone(),
            hidden,
            renamed: None,
        })
    }

    /// Builds the marked copy, and returns its marks and what came of it.
    pub fn build(&self) -> Result<(Program, Vec<Built>)> {
        let mut without = BTreeSet::new();
        let mut checked = false;
        for _ in 0..ROUNDS {
            let program = self.mark(&without)?;
            for file in &program.files {
                write_if_new(&self.folder.join(&file.path), &file.text)?;
            }
            let answer = self.cargo(Stdio::inherit())?;
            if answer.success {
                return Ok((program, answer.built));
            }
            ensure!(
                !answer.errors.is_empty(),
                "Cargo could not build it; its message stands above"
            );
            if !std::mem::replace(&mut checked, true) {
                self.ensure_compiles()?;
            }
            if !self.unmark(&program, &answer.errors, &mut without) {
                bail!(
                    "it compiles, but not with its marks, which is a fault of the recorder:\n{}",
                    self.rendered(&answer.errors)
                );
            }
        }
        bail!(
            "it compiles, but not with its marks, wherever they are left out: a fault of the recorder"
        )
    }

    /// The version of Tokio that was built.
    pub fn tokio_version(&self) -> Result<String> {
        project::tokio_version(&self.folder)
    }

    fn mark(&self, without: &BTreeSet<usize>) -> Result<Program> {
        let crates: Vec<&str> = self.crates.iter().map(String::as_str).collect();
        let marked = mark_files(&crates, &self.hidden, self.files.clone(), without);
        if marked.is_err() {
            // The compiler says it better.
            self.ensure_compiles()?;
        }
        marked
    }

    /// Fails with the compiler's own message if the program does not compile as it is.
    fn ensure_compiles(&self) -> Result<()> {
        for (path, text) in &self.files {
            write_if_new(&self.folder.join(path), text)?;
        }
        let answer = self.cargo(Stdio::null())?;
        ensure!(
            answer.success,
            "it does not compile:\n\n{}",
            self.rendered(&answer.errors)
        );
        Ok(())
    }

    /// Adds the lines of errors to those without marks. Returns whether there were new ones.
    fn unmark(&self, program: &Program, errors: &[Json], without: &mut BTreeSet<usize>) -> bool {
        let before = without.len();
        let spans = errors.iter().flat_map(|error| error["spans"].as_array());
        for span in spans.flatten() {
            let file = span["file_name"].as_str().unwrap_or_default();
            let row = |name: &str| {
                span[name]
                    .as_u64()
                    .and_then(|row| usize::try_from(row).ok())
            };
            let lines = row("line_start").zip(row("line_end"));
            let lines = lines.and_then(|(start, end)| {
                Some(program.line(file, start)?..=program.line(file, end)?)
            });
            without.extend(lines.into_iter().flatten());
        }
        without.len() > before
    }

    fn rendered(&self, errors: &[Json]) -> String {
        let rendered = errors.iter().filter_map(|error| error["rendered"].as_str());
        let text: String = rendered.collect();
        match &self.renamed {
            Some((copy, own)) => text.replace(copy, own),
            None => text,
        }
    }

    fn cargo(&self, progress: Stdio) -> Result<Answer> {
        let (command, arguments) = self.arguments.split_first().context("a command")?;
        let output = cargo(command, &self.folder, &self.target)
            .args(arguments)
            .arg("--message-format=json")
            .stderr(progress)
            .output()
            .context("cargo")?;
        let mut answer = Answer {
            success: output.status.success(),
            ..Answer::default()
        };
        let lines = String::from_utf8_lossy(&output.stdout);
        for message in lines
            .lines()
            .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        {
            if let Some(executable) = message["executable"].as_str() {
                answer.built.push(Built {
                    executable: executable.into(),
                    is_test: message["profile"]["test"].as_bool() == Some(true),
                });
            }
            if message["message"]["level"] == "error" {
                answer.errors.push(message["message"].clone());
            }
        }
        Ok(answer)
    }
}

/// A text as the compiler takes it: without a byte order mark, its lines ended by one character.
fn read(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.replace("\r\n", "\n"))
}

/// A file that is recorded alone has no modules in other files.
fn refuse_modules(file: &Path, source: &str) -> Result<()> {
    for (index, line) in source.lines().enumerate() {
        let words = line.trim().trim_start_matches("pub ").strip_prefix("mod ");
        let name = words.and_then(|rest| rest.split("//").next()?.trim().strip_suffix(';'));
        if let Some(name) = name {
            bail!(
                "{}:{}: `mod {name};` is another file, and a file is recorded alone: \
                 make it a package with a Cargo.toml, and record that",
                file.display(),
                index + 1
            );
        }
    }
    Ok(())
}

/// The name of a file as Cargo takes it for a program.
pub fn name_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    let name: String = stem.chars().map(plain).collect();
    let name = name.trim_matches('-').to_lowercase();
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() && name != "test" => name,
        _ => format!("program-{name}").trim_end_matches('-').to_owned(),
    }
}

/// A package's manifest, which asks for the probe too.
fn manifest(package: &Package, probe: &Path) -> Result<String> {
    let path = package.folder.join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut manifest: Table = text.parse().with_context(|| path.display().to_string())?;
    let dependencies = manifest
        .entry("dependencies")
        .or_insert_with(|| Value::Table(Table::new()));
    let dependencies = dependencies
        .as_table_mut()
        .context("`dependencies` is no table")?;
    dependencies.insert("recorder".into(), project::probe_dependency(probe));
    if package.folder == package.workspace && !manifest.contains_key("workspace") {
        // The copy lies below another manifest, which is none of its business.
        manifest.insert("workspace".into(), Value::Table(Table::new()));
    }
    Ok(toml::to_string(&manifest)?)
}

/// Copies the lock file, into which Cargo writes the probe.
fn lock(package: &Package, folder: &Path) -> Result<()> {
    let Ok(lock) = fs::read_to_string(package.workspace.join("Cargo.lock")) else {
        return Ok(()); // Cargo makes one
    };
    let kept = folder.join("Cargo.lock.workspace");
    if fs::read_to_string(&kept).ok().as_ref() != Some(&lock) {
        fs::write(folder.join("Cargo.lock"), &lock)?;
        fs::write(kept, lock)?;
    }
    Ok(())
}

/// Makes the folders of a copy.
struct Mirror<'a> {
    package: &'a Package,
    copies: PathBuf,
    /// Everything that belongs into the copy.
    made: BTreeSet<PathBuf>,
    files: Vec<(String, String)>,
}

impl Mirror<'_> {
    fn copy_of(&self, real: &Path) -> PathBuf {
        let within = real.strip_prefix(&self.package.base);
        self.copies.join(within.unwrap_or(Path::new("")))
    }

    /// A folder on the way to the package, or the package's own.
    fn folder(&mut self, real: &Path) -> Result<()> {
        let copy = self.copy_of(real);
        if copy.is_symlink() {
            fs::remove_file(&copy)?;
        }
        fs::create_dir_all(&copy)?;
        self.made.insert(copy);
        let entries = fs::read_dir(real).with_context(|| real.display().to_string())?;
        for entry in entries {
            let path = entry?.path();
            self.entry(&path)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path) -> Result<()> {
        let package = &self.package.folder;
        let name = path.file_name().unwrap_or_default();
        let own = path.starts_with(package) && path != package;
        let copy = self.copy_of(path);
        if self.package.target.starts_with(path) && !package.starts_with(path) {
            return Ok(()); // where Cargo builds
        }
        if package.starts_with(path) && path.is_dir() {
            return self.folder(path);
        }
        let lock = path == self.package.workspace.join("Cargo.lock");
        if lock || path == package.join("Cargo.toml") {
            self.made.insert(copy.clone());
            self.made
                .insert(copy.with_file_name("Cargo.lock.workspace"));
            if copy.is_symlink() {
                fs::remove_file(copy)?;
            }
            return Ok(());
        }
        let hidden = name.to_string_lossy().starts_with('.');
        if own
            && path.is_dir()
            && !path.is_symlink()
            && !hidden
            && !path.join("Cargo.toml").is_file()
        {
            return self.folder(path);
        }
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        if own && is_source && Some(path) != self.package.build_script.as_deref() {
            let text = read(path)?;
            // What is no Rust by itself, such as a template, is left alone.
            if text.parse::<proc_macro2::TokenStream>().is_ok() || self.is_root(path) {
                let within = path.strip_prefix(&self.package.workspace)?;
                self.files
                    .push((within.to_string_lossy().into_owned(), text));
                self.made.insert(copy.clone());
                if copy.is_symlink() {
                    fs::remove_file(copy)?;
                }
                return Ok(());
            }
        }
        self.link(path, copy)
    }

    /// Whether a file is below `src`: if that is no Rust, the compiler is to say so.
    fn is_root(&self, path: &Path) -> bool {
        path.starts_with(self.package.folder.join("src"))
    }

    fn link(&mut self, real: &Path, copy: PathBuf) -> Result<()> {
        if fs::read_link(&copy).ok().as_deref() != Some(real) {
            remove(&copy)?;
            symlink(real, &copy).with_context(|| copy.display().to_string())?;
        }
        self.made.insert(copy);
        Ok(())
    }

    /// Removes from the copy what the package no longer has.
    fn sweep(&self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if !self.made.contains(&path) {
                remove(&path)?;
            } else if path.is_dir() && !path.is_symlink() {
                self.sweep(&path)?;
            }
        }
        Ok(())
    }
}

fn remove(path: &Path) -> Result<()> {
    if path.is_symlink() || path.is_file() {
        fs::remove_file(path)?;
    } else if path.is_dir() {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

#[cfg(unix)]
fn symlink(real: &Path, copy: &Path) -> Result<()> {
    Ok(std::os::unix::fs::symlink(real, copy)?)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> Result<()> {
    bail!(
        "a package is recorded through symbolic links, on Linux and macOS alone; a file can be recorded here too"
    )
}
