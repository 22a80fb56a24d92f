//! Makes the index that the book's search reads, from the built pages.
//!
//! `cargo xtask build` calls it once the pages stand. Readers search by section, so the index
//! knows sections: what stands between one heading and the next.
//!
//! ```text
//! public/**.html → page: its sections      what to find, where it stands, what to show of it
//!                → words: their words      identifiers whole and by parts
//!                → weights: how well a section answers to a word
//!                → files: public/search/   index.json, and pieces that are fetched when they are asked for
//! ```
//!
//! The other half is `static/js/search-index.js` and `search-words.js`: they find the words of
//! the index that a reader may have meant and add up the weights. Weighing is done here, once;
//! the browser has nothing to compute but sums.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

mod files;
mod page;
mod weights;
mod words;

pub use page::{Block, Kind, Page, Section};

/// What an index holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many pages have an article.
    pub pages: usize,
    /// How many sections these pages have.
    pub sections: usize,
    /// How many different words the sections have.
    pub words: usize,
    /// What the reader's first search fetches besides the pieces, in bytes before compression.
    pub bytes: usize,
}

/// The file that each language of the site has one of, in its folder.
const WORDS: &str = "words.json";

/// Reads the pages below `site` and writes `site/search/` anew; for each translation, which stands
/// in a folder of `site`, another one in that folder. Tells what the first of them holds.
pub fn index(site: &Path) -> Result<Summary> {
    for entry in fs::read_dir(site).with_context(|| format!("cannot list {}", site.display()))? {
        let folder = entry?.path();
        if folder.join(WORDS).is_file() {
            index_language(&folder)?;
        }
    }
    index_language(site)
}

fn index_language(site: &Path) -> Result<Summary> {
    let pages = read(site)?;
    ensure!(
        !pages.is_empty(),
        "{} has no page with an article: `cargo xtask build` writes the pages first",
        site.display()
    );
    let sections: Vec<&Section> = pages.iter().flat_map(|page| &page.sections).collect();
    let postings = weights::weigh(&pages);
    let files = files::write(&pages, &sections, &postings)?;
    let folder = site.join("search");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    for (name, text) in &files {
        let file = folder.join(name);
        let parent = file.parent().expect("a file in a folder");
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&file, text))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(Summary {
        pages: pages.len(),
        sections: sections.len(),
        words: postings.len(),
        bytes: files[0].1.len() + files[1].1.len(),
    })
}

/// Every page of one language that has an article, in the order of their addresses.
fn read(site: &Path) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    for file in html_files(site)? {
        let html =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let below = file.strip_prefix(site).expect("a file below the site");
        let path = below.to_string_lossy().replace('\\', "/");
        let path = path.strip_suffix("index.html").unwrap_or(&path);
        if path != "404.html" {
            pages.extend(Page::parse(path, &html));
        }
    }
    Ok(pages)
}

fn html_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                let is_translation = path.join(WORDS).is_file();
                folders.extend((!is_translation).then_some(path));
            } else if path.extension().is_some_and(|it| it == "html") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
