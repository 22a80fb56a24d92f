//! Is the book that `cargo xtask epub` makes whole and sound?
//!
//! As with the built pages, this is passed over where public/ is missing or old, but not in CI.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use site::book::{Book, address, stem};
use site::built;

/// The book to make, if the pages are built.
fn book() -> Option<press::Book> {
    let root = harness::root();
    if built::are_current(&Book::read(&root)) {
        return Some(press::Book::read(&root).expect("the built pages can be read"));
    }
    let is_ci = env::var_os("CI").is_some();
    assert!(!is_ci, "public/ is missing or old: `cargo xtask build`");
    eprintln!("passed over: needs a public/ that `cargo xtask build` made anew");
    None
}

#[test]
fn every_page_but_lists_of_pages_is_in_the_book() {
    let Some(book) = book() else { return };
    let text = Book::read(&harness::root());
    let pages = text.content().filter(|page| stem(page) != "_index");
    let missing: Vec<String> = pages
        .map(address)
        .filter(|address| book.page(address.trim_matches('/')).is_none())
        .collect();
    assert!(
        missing.is_empty(),
        "not in the contents, so not in the book: {missing:?}\n  mend: name them in outline.toml \
         or in `reference` of config.toml"
    );
}

#[test]
#[ignore = "needs epubcheck"]
fn epubcheck_has_no_complaint() {
    let Some(book) = book() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("book.epub");
    press::epub::write(&book, "2026-11-23T12:00:00Z", &file).expect("an EPUB");
    let output = epubcheck().arg("--failonwarnings").arg(&file).output();
    let output = output.expect("epubcheck starts: it needs Java");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
}

/// Debian's epubcheck is a Java archive, which not every kernel starts by itself.
fn epubcheck() -> Command {
    let folders = env::var_os("PATH").unwrap_or_default();
    let mut files = env::split_paths(&folders).map(|folder| folder.join("epubcheck"));
    let file: PathBuf = files
        .find(|file| file.is_file())
        .expect("epubcheck is on PATH: the package of this name brings it");
    if !is_archive(&file) {
        return Command::new(file);
    }
    let mut java = Command::new("java");
    java.arg("-jar").arg(file);
    java
}

fn is_archive(file: &Path) -> bool {
    fs::read(file).is_ok_and(|content| content.starts_with(b"PK"))
}
