//! The book as the rules of EPUB see it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use epub::{About, Words};

#[test]
#[ignore = "needs epubcheck, and the built pages"]
fn epubcheck_finds_no_fault_in_the_book() {
    let root = Path::new("../../..");
    let site = root.join("public");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("book.epub");
    let about = About {
        author: "The authors".to_owned(),
        modified: "2026-11-23T00:00:00Z".to_owned(),
        words: Words::read(&root.join("content/words/en.toml")).unwrap(),
    };
    epub::bind(&site, &about, &file).unwrap_or_else(|error| panic!("{error:#}"));
    let output = epubcheck().arg("--failonwarnings").arg(&file).output();
    let output = output.expect("epubcheck starts");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Debian's is a Java archive that is marked as a program, which not every kernel takes for one.
fn epubcheck() -> Command {
    let folders = env::var_os("PATH").unwrap_or_default();
    let found: Option<PathBuf> = env::split_paths(&folders)
        .map(|folder| folder.join("epubcheck"))
        .find(|file| file.exists());
    let found = found.expect("no epubcheck on PATH: `apt-get install epubcheck` has it");
    if fs::read(&found).unwrap().starts_with(b"PK") {
        let mut java = Command::new("java");
        java.arg("-jar").arg(found);
        return java;
    }
    Command::new(found)
}
