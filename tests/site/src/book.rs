//! The book as the rules see it: its pages, its outline, and the files they name.

use std::fs;
use std::path::{Path, PathBuf};

use harness::book::{self, Page};
use toml::Table;

use crate::Problem;
use crate::outline::{self, Outline};

/// Where the systems stand.
pub const SYSTEMS: &str = "code/projects";

/// The book below one folder.
pub struct Book {
    /// The folder.
    pub root: PathBuf,
    /// README.md and every Markdown file below content/.
    pub pages: Vec<Page>,
    /// What outline.toml plans.
    pub outline: Outline,
    /// The files that could not be read.
    pub unreadable: Vec<Problem>,
}

impl Book {
    /// Reads the book below `root`.
    pub fn read(root: &Path) -> Book {
        let (mut pages, mut unreadable) = (Vec::new(), Vec::new());
        for page in book::read(root) {
            match page {
                Ok(page) => pages.push(page),
                Err((file, why)) => {
                    unreadable.push(Problem::new(file, 1, why, "save the file as UTF-8"));
                }
            }
        }
        let outline = outline::read(root).unwrap_or_else(|problem| {
            unreadable.push(problem);
            Outline::default()
        });
        Book {
            root: root.into(),
            pages,
            outline,
            unreadable,
        }
    }

    /// Every page but the README.
    pub fn content(&self) -> impl Iterator<Item = &Page> {
        self.pages
            .iter()
            .filter(|page| page.path.starts_with("content/"))
    }

    /// The pages that are chapters, with their numbers: those named `chNN-slug.md`.
    pub fn chapters(&self) -> impl Iterator<Item = (u32, &Page)> {
        self.content()
            .filter_map(|page| Some((chapter_number(stem(page))?, page)))
    }

    /// The page in this file.
    pub fn page(&self, path: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.path == path)
    }

    /// The text of a file, if it is there and is text.
    pub fn file(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }

    /// The files below a folder whose name ends with `.extension`, from the root, in order.
    pub fn files(&self, folder: &str, extension: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.root.join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = entry.file_name();
                if path.is_dir() {
                    if name != "target" && name != "node_modules" {
                        folders.push(path);
                    }
                } else if path.extension().is_some_and(|found| found == extension)
                    && let Ok(path) = path.strip_prefix(&self.root)
                {
                    found.push(path.to_string_lossy().replace('\\', "/"));
                }
            }
        }
        found.sort();
        found
    }
}

/// `ch03-coroutines` of `content/part1-foundations/ch03-coroutines.md`.
pub fn stem(page: &Page) -> &str {
    let name = page.path.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".md").unwrap_or(name)
}

/// 3 of `ch03-coroutines`.
pub fn chapter_number(stem: &str) -> Option<u32> {
    let (number, _) = stem.strip_prefix("ch")?.split_once('-')?;
    number.parse().ok()
}

/// `task-queue` of `operating-task-queue`, the second page of a system.
pub fn operated(stem: &str) -> Option<&str> {
    stem.strip_prefix("operating-")
}

/// Where the page stands on the site, without slashes around it: `coroutines`.
pub fn address(page: &Page) -> String {
    let front_matter: Table = page
        .front_matter
        .as_deref()
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    if let Some(path) = front_matter.get("path").and_then(|path| path.as_str()) {
        return path.trim_matches('/').into();
    }
    let path = page
        .path
        .trim_start_matches("content/")
        .trim_end_matches(".md");
    path.trim_end_matches("_index").trim_end_matches('/').into()
}

/// The text of the page with its front matter and code blocks blanked out, byte for byte.
pub fn without_code(page: &Page) -> String {
    page.without_code()
}
