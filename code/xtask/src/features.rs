//! One set of features: each package is built with those of the whole workspace.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// A sentence for each crate that a package would build anew.
pub fn drift(shell: &Shell) -> Result<Vec<String>> {
    let all = crates(shell, &["--workspace"])?;
    let mut drift = Vec::new();
    for member in crate::laws::members(&shell.current_dir())? {
        let member = member.name().context("a package without a name")?;
        for (name, features) in crates(shell, &["--package", member])? {
            let lacks: Vec<_> = all.get(&name).into_iter().flatten().collect();
            let lacks: Vec<_> = lacks.iter().filter(|it| !features.contains(**it)).collect();
            if !lacks.is_empty() {
                drift.push(format!(
                    "for {member}, {name} is built without {lacks:?}: write it with them in code/unified/Cargo.toml"
                ));
            }
        }
    }
    Ok(drift)
}

/// The features of each crate, as `libc v0.2.191`, in a build of these packages.
fn crates(shell: &Shell, selection: &[&str]) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let tree = [
        "tree",
        "--quiet",
        "--offline",
        "--edges",
        "normal,build,dev",
    ];
    let format = ["--prefix", "none", "--format", "{p}|{f}"];
    let tree = cmd!(shell, "cargo {tree...} {format...} {selection...}").quiet();
    let lines = tree.read()?;
    let crates = lines.lines().filter_map(|line| {
        let (name, features) = line.trim_end_matches(" (*)").split_once('|')?;
        let name = name.trim_end_matches(" (proc-macro)").to_owned();
        let features = features.split(',').filter(|it| !it.is_empty());
        Some((name, features.map(str::to_owned).collect()))
    });
    Ok(crates.collect())
}

#[cfg(test)]
mod tests {
    use xshell::cmd;

    use crate::project;

    #[test]
    #[ignore = "asks cargo for each package: ten seconds"]
    fn every_package_is_built_with_the_features_of_all() {
        let drift = super::drift(&project::shell().unwrap()).unwrap();
        assert!(drift.is_empty(), "{drift:#?}");
    }

    #[test]
    #[ignore = "builds for minutes, unless `cargo test` has run"]
    fn one_package_is_built_of_what_all_were_built_of() {
        let shell = project::shell().unwrap();
        for package in ["chat", "epub", "patterns", "xtask"] {
            let format = ["--message-format", "json"];
            let build = cmd!(
                shell,
                "cargo build --offline --package {package} {format...}"
            );
            let messages = build.quiet().ignore_stderr().read().unwrap();
            let anew = messages.lines().filter(|it| it.contains("\"fresh\":false"));
            assert_eq!(anew.count(), 0, "for {package}");
        }
    }
}
