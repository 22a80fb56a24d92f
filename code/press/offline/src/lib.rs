//! Lists what a reader may keep for reading offline, from the built site.
//!
//! The other half is `static/sw.js`, the service worker. It keeps a file only if its hash is the
//! one listed here, so what it keeps is of one build, whatever is published meanwhile.
//!
//! ```text
//! offline.json   { "build": …, "bytes": …, "files": { "coroutines/index.html": hash, … } }
//! sw.js          with the name of the build in it: a browser looks for a new worker by its bytes
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sha2::{Digest, Sha256};

/// The line of `static/sw.js` that this crate fills in.
const UNNAMED: &str = "const BUILD = \"\";";

/// Half a SHA-256 is enough to tell one build from another, and half as long to fetch.
const HASH_BYTES: usize = 16;

/// What a reader's device would keep.
#[derive(Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many files.
    pub files: usize,
    /// Their size, before compression.
    pub bytes: usize,
}

/// Writes `site/offline.json`, and the name of the build into `site/sw.js`.
pub fn list(site: &Path) -> Result<Summary> {
    let mut files = BTreeMap::new();
    let mut bytes = 0;
    for path in files_below(site)? {
        let below = path.strip_prefix(site).expect("a file below the site");
        let name = below.to_string_lossy().replace('\\', "/");
        if is_asked_for(&name) {
            let content =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            bytes += content.len();
            files.insert(name, hash(&content));
        }
    }
    ensure!(
        files.contains_key("index.html"),
        "{} has no index.html: `cargo xtask build` writes the pages first",
        site.display()
    );
    let build = hash(serde_json::to_string(&files)?.as_bytes());
    let summary = Summary {
        files: files.len(),
        bytes,
    };
    let list = json!({ "build": build, "bytes": bytes, "files": files });
    write(&site.join("offline.json"), &list.to_string())?;
    name_worker(&site.join("sw.js"), &build)?;
    Ok(summary)
}

/// Whether a page asks for this file. Drawings and the pictures of runs stand in the pages, layers
/// of style in `site.css`; feeds, Markdown and cards are for programs.
fn is_asked_for(name: &str) -> bool {
    let (folder, file) = name.split_once('/').unwrap_or(("", name));
    let is_of_search = name.split('/').any(|part| part == "search"); // each translation has its own
    match file.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => name != "404.html", // hosts answer with it, but not to its name
        "js" => folder == "js",
        "css" => [
            "site.css",
            "run-player.css",
            "site-search.css",
            "edit-code.css",
        ]
        .contains(&file),
        "woff2" => folder == "fonts",
        "json" => file == "words.json" || folder == "runs" || is_of_search,
        _ => false,
    }
}

fn name_worker(file: &Path, build: &str) -> Result<()> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let named = |line: &str| line.starts_with("const BUILD = \"");
    let line = text.lines().find(|line| named(line));
    let line = line.with_context(|| format!("{} has no line {UNNAMED}", file.display()))?;
    write(
        file,
        &text.replacen(line, &format!("const BUILD = \"{build}\";"), 1),
    )
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn hash(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let bytes = digest.iter().take(HASH_BYTES);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn site() -> TempDir {
        let site = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("index.html", "home"),
            ("404.html", "none"),
            ("index.md", "# Home"),
            ("waits/index.html", "waits"),
            ("css/site.css", "a{}"),
            ("css/base.css", "a{}"),
            ("runs/x.json", "{}"),
            ("runs/x.svg", "<svg/>"),
            ("sw.js", "// Keeps.\nconst BUILD = \"\";\n"),
        ] {
            let file = site.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        site
    }

    fn read(site: &TempDir, name: &str) -> String {
        fs::read_to_string(site.path().join(name)).unwrap()
    }

    #[test]
    fn what_pages_ask_for_is_listed_with_its_size() {
        let site = site();
        assert_eq!(
            list(site.path()).unwrap(),
            Summary {
                files: 4,
                bytes: 4 + 5 + 3 + 2
            }
        );
        let list: serde_json::Value = serde_json::from_str(&read(&site, "offline.json")).unwrap();
        let files = list["files"].as_object().unwrap();
        let names: Vec<&String> = files.keys().collect();
        assert_eq!(
            names,
            [
                "css/site.css",
                "index.html",
                "runs/x.json",
                "waits/index.html"
            ]
        );
        // sha256sum of "home", its first half
        assert_eq!(files["index.html"], "4ea140588150773ce3aace786aeef7f4");
    }

    #[test]
    fn another_text_gives_another_worker_and_the_same_text_the_same() {
        let site = site();
        list(site.path()).unwrap();
        let worker = read(&site, "sw.js");
        list(site.path()).unwrap();
        assert_eq!(read(&site, "sw.js"), worker);
        fs::write(site.path().join("waits/index.html"), "waits more").unwrap();
        list(site.path()).unwrap();
        assert_ne!(read(&site, "sw.js"), worker);
    }

    #[test]
    fn a_site_without_pages_or_worker_is_told() {
        let site = site();
        fs::write(site.path().join("sw.js"), "").unwrap();
        let error = list(site.path()).unwrap_err().to_string();
        assert!(error.contains("sw.js has no line const BUILD"), "{error}");
        fs::remove_file(site.path().join("index.html")).unwrap();
        let error = list(site.path()).unwrap_err().to_string();
        assert!(error.contains("has no index.html"), "{error}");
    }
}
