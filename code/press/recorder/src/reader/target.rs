//! What a path names: a file that is a whole program, or a program or test of a package.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::Options;
use crate::project;

/// What is to be recorded.
#[derive(Debug)]
pub enum Target {
    /// A file of its own.
    File(PathBuf),
    /// A program or a test of a package.
    Package(Package),
}

/// A package, and which of its programs.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub folder: PathBuf,
    /// Where its workspace is; the same if it has none.
    pub workspace: PathBuf,
    /// Where Cargo builds it.
    pub target: PathBuf,
    /// The folder that has it and all packages it depends on by their path.
    pub base: PathBuf,
    /// Its build script, if it has one.
    pub build_script: Option<PathBuf>,
    /// The names of its crates.
    pub crates: Vec<String>,
    /// What Cargo is told to build of it.
    pub chosen: Vec<String>,
}

/// Finds what the reader means.
pub fn find(path: &Path, options: &Options) -> Result<Target> {
    let shown = path.display();
    let real = path
        .canonicalize()
        .with_context(|| format!("{shown} cannot be read"))?;
    let manifest = match real.file_name().and_then(|name| name.to_str()) {
        _ if real.is_dir() => real.join("Cargo.toml"),
        Some("Cargo.toml") => real.clone(),
        Some(name) if name.ends_with(".rs") => {
            return match above(&real) {
                Some(manifest) => of_file(&real, &manifest, options),
                None => Ok(Target::File(real)),
            };
        }
        _ => bail!(
            "{shown} is no program: give a file that ends in .rs, or a folder with a Cargo.toml"
        ),
    };
    ensure!(
        manifest.is_file(),
        "{shown} has no Cargo.toml: give a package's folder, or a file that ends in .rs"
    );
    let metadata = metadata(&manifest)?;
    let package = package_at(&metadata, &manifest).with_context(|| {
        format!("{shown} is a workspace without a package of its own: give the folder of one")
    })?;
    let chosen = match &options.test {
        Some(_) => vec!["--tests".to_owned()],
        None => program(package, options)?,
    };
    Ok(Target::Package(whole(&metadata, package, chosen)?))
}

/// A file below a manifest is one of the package's programs, or has nothing to do with it.
fn of_file(file: &Path, manifest: &Path, options: &Options) -> Result<Target> {
    let metadata = metadata(manifest)?;
    for package in array(&metadata["packages"]).filter(|package| package["source"].is_null()) {
        let folder = folder_of(package);
        for target in array(&package["targets"]) {
            if target["src_path"].as_str().map(Path::new) != Some(file) {
                continue;
            }
            let chosen = chosen(target, options.test.is_some())?;
            return Ok(Target::Package(whole(&metadata, package, chosen)?));
        }
        if file.starts_with(folder.join("src")) {
            bail!(
                "{} is a module of the package {}: record the package, `--file {}`",
                file.display(),
                text(&package["name"]),
                folder.display()
            );
        }
    }
    Ok(Target::File(file.to_owned()))
}

/// What Cargo is told to build one target of a package.
fn chosen(target: &Value, test: bool) -> Result<Vec<String>> {
    let name = text(&target["name"]);
    let kind = array(&target["kind"]).next().map(text).unwrap_or_default();
    let mut chosen = match kind.as_str() {
        "bin" | "example" | "test" => vec![format!("--{kind}"), name],
        "bench" | "custom-build" => bail!("{name} is no program that runs: its kind is {kind}"),
        _ if test => vec!["--lib".to_owned()],
        _ => bail!("{name} is a library: record one of its tests, `--test NAME`"),
    };
    let features: Vec<String> = array(&target["required-features"]).map(text).collect();
    if !features.is_empty() {
        chosen.extend(["--features".to_owned(), features.join(",")]);
    }
    Ok(chosen)
}

/// The program of a package: the one that is asked for, or the only one.
fn program(package: &Value, options: &Options) -> Result<Vec<String>> {
    let kinds = |target: &Value| array(&target["kind"]).map(text).next().unwrap_or_default();
    let runs = |target: &&Value| ["bin", "example"].contains(&kinds(target).as_str());
    let programs: Vec<&Value> = array(&package["targets"]).filter(runs).collect();
    let names = |of: &[&Value]| {
        let names: Vec<String> = of.iter().map(|target| text(&target["name"])).collect();
        names.join(", ")
    };
    let name = text(&package["name"]);
    if let Some(wanted) = &options.bin {
        let found = programs
            .iter()
            .find(|target| target["name"] == wanted.as_str());
        let found = found.with_context(|| match programs.is_empty() {
            true => format!("the package {name} has no program: record a test, `--test NAME`"),
            false => format!(
                "the package {name} has no program {wanted}; it has: {}",
                names(&programs)
            ),
        })?;
        return chosen(found, false);
    }
    let bins: Vec<&Value> = programs
        .into_iter()
        .filter(|target| kinds(target) == "bin")
        .collect();
    let default = bins
        .iter()
        .find(|bin| bin["name"] == package["default_run"]);
    match (default, bins.as_slice()) {
        (Some(bin), _) | (None, [bin]) => chosen(bin, false),
        (None, []) => bail!("the package {name} has no program: record a test, `--test NAME`"),
        (None, several) => bail!(
            "the package {name} has {} programs: choose one, `--bin NAME`: {}",
            several.len(),
            names(several)
        ),
    }
}

fn whole(metadata: &Value, package: &Value, chosen: Vec<String>) -> Result<Package> {
    let name = text(&package["name"]);
    ensure_tokio(metadata, package)?;
    let folder = folder_of(package);
    let workspace = PathBuf::from(text(&metadata["workspace_root"]));
    ensure!(
        folder.starts_with(&workspace),
        "the package {name} lies beside its workspace {}, and only one inside of it can be recorded",
        workspace.display()
    );
    let of_kind = |kind: &'static str| {
        let is_it = move |target: &&Value| array(&target["kind"]).any(|it| it == kind);
        array(&package["targets"]).filter(is_it)
    };
    let local = array(&metadata["packages"]).filter(|package| package["source"].is_null());
    let base = local
        .map(folder_of)
        .fold(workspace.clone(), |base, folder| {
            let common = base.ancestors().find(|above| folder.starts_with(above));
            common.map(Path::to_owned).unwrap_or_default()
        });
    Ok(Package {
        folder,
        target: project::record_folder(PathBuf::from(text(&metadata["target_directory"]))),
        base,
        build_script: of_kind("custom-build")
            .map(|target| PathBuf::from(text(&target["src_path"])))
            .next(),
        crates: array(&package["targets"])
            .map(|target| text(&target["name"]))
            .collect(),
        workspace,
        chosen,
        name,
    })
}

/// A package that does not use Tokio has nothing to record.
fn ensure_tokio(metadata: &Value, package: &Value) -> Result<()> {
    let nodes = &metadata["resolve"]["nodes"];
    let mut seen = vec![&package["id"]];
    let mut next = 0;
    while let Some(id) = seen.get(next).copied() {
        next += 1;
        let Some(node) = array(nodes).find(|node| &node["id"] == id) else {
            continue;
        };
        for dependency in array(&node["deps"]) {
            if dependency["name"] == "tokio" {
                return Ok(());
            }
            if !seen.contains(&&dependency["pkg"]) {
                seen.push(&dependency["pkg"]);
            }
        }
    }
    bail!(
        "the package {} does not use Tokio, and only Tokio tells what is recorded",
        text(&package["name"])
    )
}

/// The nearest manifest above a file.
fn above(file: &Path) -> Option<PathBuf> {
    let manifests = file
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("Cargo.toml"));
    manifests.into_iter().find(|manifest| manifest.is_file())
}

/// What Cargo knows of a manifest's workspace and of all it depends on.
fn metadata(manifest: &Path) -> Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = std::process::Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(manifest)
        .current_dir(manifest.parent().unwrap_or(manifest))
        .output()
        .context("cargo")?;
    ensure!(
        output.status.success(),
        "Cargo cannot read {}:\n{}",
        manifest.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    serde_json::from_slice(&output.stdout).context("cargo metadata")
}

fn package_at<'a>(metadata: &'a Value, manifest: &Path) -> Option<&'a Value> {
    let is_it = |package: &&Value| Path::new(&text(&package["manifest_path"])) == manifest;
    array(&metadata["packages"]).find(is_it)
}

fn folder_of(package: &Value) -> PathBuf {
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    manifest.parent().unwrap_or(&manifest).to_owned()
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
