//! Readers run the exercises with the versions that the book's workspace proves them with.

use crate::Problem;
use crate::set::{HOME, Set};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use toml::{Table, Value};

/// The crates that exercises may use: `[dependencies]` of the set's Cargo.toml.
pub fn names(set: &Set) -> Result<Vec<String>, Problem> {
    let manifest = read(&set.root.join("Cargo.toml"), &format!("{HOME}/Cargo.toml"))?;
    let dependencies = manifest.get("dependencies").and_then(Value::as_table);
    Ok(dependencies
        .into_iter()
        .flat_map(Table::keys)
        .cloned()
        .collect())
}

/// What is wrong with the set's Cargo.toml and Cargo.lock, held against those of `workspace`.
pub fn problems(set: &Set, workspace: &Path) -> Vec<Problem> {
    let compare = || {
        let mut problems = Vec::new();
        let place = format!("{HOME}/Cargo.toml");
        let manifest = read(&set.root.join("Cargo.toml"), &place)?;
        let book = read(&workspace.join("Cargo.toml"), "Cargo.toml")?;
        let shared = &book["workspace"]["dependencies"];
        for name in names(set)? {
            let (ours, theirs) = (&manifest["dependencies"][&name], shared.get(&name));
            if Some(ours) != theirs {
                problems.push(Problem::new(
                    &place,
                    format!("`{name}` is not what the root Cargo.toml has"),
                    match theirs {
                        Some(theirs) => format!("write `{name} = {theirs}`"),
                        None => format!("add `{name}` to its [workspace.dependencies]"),
                    },
                ));
            }
        }
        problems.extend(bin_list(set, &place)?);
        problems.extend(lock(set, workspace)?);
        Ok(problems)
    };
    compare().unwrap_or_else(|problem| vec![problem])
}

fn bin_list(set: &Set, place: &str) -> Result<Option<Problem>, Problem> {
    let text = fs::read_to_string(set.root.join("Cargo.toml")).unwrap_or_default();
    let list = text
        .split_once("bin = [")
        .and_then(|(_, rest)| rest.split_once(']'));
    if list.is_some_and(|(list, _)| list == set.bin_list()) {
        return Ok(None);
    }
    let fix = "run `rustlings dev update` in code/exercises";
    Ok(Some(Problem::new(
        place,
        "its `bin` list is not what info.toml asks for",
        fix,
    )))
}

fn lock(set: &Set, workspace: &Path) -> Result<Vec<Problem>, Problem> {
    let place = format!("{HOME}/Cargo.lock");
    let ours = packages(&read(&set.root.join("Cargo.lock"), &place)?);
    let theirs = packages(&read(&workspace.join("Cargo.lock"), "Cargo.lock")?);
    let strangers = ours.difference(&theirs).map(|(name, version)| {
        Problem::new(
            &place,
            format!("{name} {version} is not the version in the root Cargo.lock"),
            "run `cp Cargo.lock code/exercises/` and `cargo tree --manifest-path code/exercises/Cargo.toml`, which drops what is not needed there",
        )
    });
    Ok(strangers.collect())
}

/// Name and version of the packages that come from a registry.
fn packages(lock: &Table) -> BTreeSet<(String, String)> {
    let packages = lock
        .get("package")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let packages = packages.filter(|package| package.get("source").is_some());
    let text = |package: &Value, key| package[key].as_str().unwrap_or_default().to_owned();
    packages
        .map(|package| (text(package, "name"), text(package, "version")))
        .collect()
}

fn read(path: &Path, place: &str) -> Result<Table, Problem> {
    let problem = |what: String| Problem::new(place, what, "restore the file");
    let text = fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
    toml::from_str(&text).map_err(|error| problem(error.to_string()))
}
