//! Which package may depend on which: projects → service → patterns → nothing of ours.
//!
//! `testbed` is for tests and measurements alone, no project depends on another, and only what
//! makes and proves the book depends on its reader, `book`. Everything has `unified` for its tests.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

/// A member of the workspace: its folder and its manifest.
pub struct Member {
    folder: String,
    manifest: Table,
}

/// Depends on what the others' crates depend on.
const UNIFIED: &str = "code/unified";

/// The members that the manifest in `root` names.
pub fn members(root: &Path) -> Result<Vec<Member>> {
    let read = |folder: &str| -> Result<Table> {
        let path = root.join(folder).join("Cargo.toml");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        text.parse().with_context(|| path.display().to_string())
    };
    let workspace = read("")?;
    let folders = workspace["workspace"]["members"].as_array();
    let folders = folders.context("the workspace names no members")?;
    let folders = folders.iter().filter_map(Value::as_str);
    let members = folders.map(|folder| {
        let manifest = read(folder)?;
        let folder = folder.to_owned();
        Ok(Member { folder, manifest })
    });
    members.collect()
}

/// A sentence for each dependency that breaks a law.
pub fn broken(members: &[Member]) -> Vec<String> {
    let ours: BTreeMap<&str, &str> = members
        .iter()
        .filter_map(|member| Some((member.name()?, member.folder.as_str())))
        .collect();
    let mut broken = Vec::new();
    for member in members {
        let folder = member.folder.as_str();
        if folder == UNIFIED {
            continue;
        }
        let mut names = member
            .dependencies()
            .map(|(section, name, _)| (section, name));
        if !names.any(|named| named == ("dev-dependencies", "unified")) {
            broken.push(format!(
                "{folder}: write `unified.workspace = true` (dev-dependencies)"
            ));
        }
        for (section, name, specification) in member.dependencies() {
            match ours.get(name) {
                Some(on) if !may(folder, on, section) => {
                    broken.push(format!("{folder} may not depend on {on} ({section})"));
                }
                None if !comes_from_workspace(specification) => {
                    broken.push(format!(
                        "{folder}: write `{name}.workspace = true` ({section})"
                    ));
                }
                _ => {}
            }
        }
    }
    broken
}

/// Whether a package in `folder` may have one in `on` in this section of its manifest.
fn may(folder: &str, on: &str, section: &str) -> bool {
    let is_project = |folder: &str| folder.starts_with("code/projects/");
    let makes_the_book = ["code/press/", "code/xtask", "tests/"];
    match on {
        _ if is_project(on) => false,
        UNIFIED | "code/patterns/checked" => section == "dev-dependencies",
        "code/patterns" => folder != "code/testbed",
        "code/service" => is_project(folder),
        "code/testbed" => section == "dev-dependencies" || folder == "code/measurements",
        _ if is_project(folder) => false,
        _ if ["code/patterns", "code/service", "code/testbed"].contains(&folder) => false,
        _ if on.starts_with("code/press/") || on.starts_with("tests/") => {
            makes_the_book.iter().any(|part| folder.starts_with(part))
        }
        _ => true,
    }
}

fn comes_from_workspace(specification: &Value) -> bool {
    let workspace = specification.get("workspace").and_then(Value::as_bool);
    workspace == Some(true)
}

impl Member {
    /// As its manifest says.
    pub fn name(&self) -> Option<&str> {
        self.manifest.get("package")?.get("name")?.as_str()
    }

    /// Section, name and specification of each dependency, those of one platform included.
    fn dependencies(&self) -> impl Iterator<Item = (&'static str, &str, &Value)> {
        let platforms = self.manifest.get("target").and_then(Value::as_table);
        let platforms = platforms.into_iter().flat_map(Table::values);
        let tables = platforms
            .filter_map(Value::as_table)
            .chain([&self.manifest]);
        tables.flat_map(|table| {
            let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
            sections.into_iter().flat_map(move |section| {
                let found = table.get(section).and_then(Value::as_table);
                let found = found.into_iter().flatten();
                found.map(move |(name, specification)| (section, name.as_str(), specification))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifests_keep_the_laws() {
        let root = crate::project::shell().unwrap().current_dir();
        let members = members(&root).unwrap();
        assert!(members.len() > 10);
        let broken = broken(&members);
        assert!(broken.is_empty(), "{broken:#?}");
    }

    /// Members by folder, each with the lines of its manifest.
    fn broken_by(manifests: &[(&str, &str)]) -> Vec<String> {
        let members = manifests.iter().map(|(folder, lines)| {
            let name = folder.rsplit('/').next().unwrap();
            let tests = "[dev-dependencies]\n";
            let unified = format!("{tests}unified.workspace = true\n");
            let lines = match lines.contains(tests) {
                true => lines.replace(tests, &unified),
                false => format!("{lines}\n{unified}"),
            };
            Member {
                folder: (*folder).to_owned(),
                manifest: format!("[package]\nname = {name:?}\n{lines}")
                    .parse()
                    .unwrap(),
            }
        });
        broken(&members.collect::<Vec<_>>())
    }

    #[test]
    fn each_law_can_be_broken() {
        let all = [
            "code/patterns",
            "code/service",
            "code/testbed",
            "code/unified",
            "code/projects/chat",
            "code/press/book",
        ];
        for (folder, lines) in [
            ("code/patterns", "[dependencies]\nservice.workspace = true"),
            ("code/service", "[dependencies]\nbook.workspace = true"),
            (
                "code/projects/orders",
                "[dependencies]\nchat.workspace = true",
            ),
            (
                "code/projects/orders",
                "[dependencies]\ntestbed.workspace = true",
            ),
            (
                "code/projects/orders",
                "[dev-dependencies]\nbook.workspace = true",
            ),
            (
                "code/projects/orders",
                "[target.'cfg(unix)'.dependencies]\nchat.workspace = true",
            ),
            ("code/testbed", "[dependencies]\nservice.workspace = true"),
            ("code/testbed", "[dependencies]\nunified.workspace = true"),
            ("code/examples", "[dependencies]\ntokio = \"1\""),
        ] {
            let others = all.iter().filter(|other| **other != folder);
            let mut manifests: Vec<_> = others.map(|&other| (other, "")).collect();
            manifests.push((folder, lines));
            assert_eq!(broken_by(&manifests).len(), 1, "{folder}: {lines}");
        }
        let kept = "[dependencies]\nservice.workspace = true\n[dev-dependencies]\ntestbed.workspace = true";
        let manifests = [
            ("code/service", ""),
            ("code/testbed", ""),
            ("code/projects/chat", kept),
        ];
        assert!(broken_by(&manifests).is_empty());
        let lacks = Member {
            folder: "code/service".to_owned(),
            manifest: "[package]\nname = \"service\"".parse().unwrap(),
        };
        assert_eq!(broken(&[lacks]).len(), 1);
    }
}
