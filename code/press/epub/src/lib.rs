//! Binds the built pages into a book for e-readers: an EPUB 3.
//!
//! It is made from the pages of `public/`, not from the Markdown: there the programs are
//! highlighted, and the pictures of runs, the listings and the compiler's messages stand in place.
//! What only works on a site is left out, and what needs a script is said without one.
//!
//! ```text
//! EPUB/package.opf         what is in the book, and in which order
//! EPUB/nav.xhtml           parts, chapters and their sections
//! EPUB/coroutines.xhtml    a page; `page.rs` says what becomes of its elements
//! EPUB/style.css           src/book.css, in which the colors of the site are filled in
//! ```

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::Path;

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

mod contents;
mod package;
mod page;
mod style;
mod words;
mod xhtml;

use contents::Contents;
pub use words::Words;

const COVER: &[u8] = include_bytes!("../cover.png");
/// The faces that `src/book.css` names.
const FACES: [&str; 3] = ["text.woff2", "text-italic.woff2", "code.woff2"];

/// What the pages do not say of the book.
pub struct About {
    /// Who wrote it.
    pub author: String,
    /// When it was changed last, as `2026-11-23T00:00:00Z`. The same text with the same time gives
    /// the same bytes.
    pub modified: String,
    /// What it says besides its pages.
    pub words: Words,
}

/// A file of the book, below `EPUB/`.
struct Item {
    name: String,
    content: Vec<u8>,
}

/// Writes the book made of the pages in `site` to `file`, and tells how many pages it has.
pub fn bind(site: &Path, about: &About, file: &Path) -> Result<usize> {
    let contents = Contents::read(site, &about.words)?;
    let items = items(site, &contents, about)?;
    let out = File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
    pack(out, &items).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(contents.pages().count())
}

fn items(site: &Path, contents: &Contents, about: &About) -> Result<Vec<Item>> {
    let tokens = style::Tokens::read(site)?;
    let mut documents = vec![
        ("cover.xhtml".to_owned(), package::cover(contents)),
        (
            "title.xhtml".to_owned(),
            page::title(site, contents, &tokens)?,
        ),
        ("nav.xhtml".to_owned(), package::navigation(contents)),
    ];
    for entry in contents.pages() {
        let text = page::convert(site, contents, entry, &tokens)?;
        documents.push((contents::file(&entry.path), text));
    }
    let opf = package::package(contents, about, &documents);
    let item = |(name, text): (String, String)| Item {
        name,
        content: text.into_bytes(),
    };
    let mut items = vec![item(("package.opf".to_owned(), opf))];
    items.extend(documents.into_iter().map(item));
    items.push(item(("style.css".to_owned(), style::sheet(&tokens)?)));
    for face in FACES {
        items.push(Item {
            name: format!("fonts/{face}"),
            content: read(&site.join("fonts").join(face))?,
        });
    }
    items.push(Item {
        name: "cover.png".to_owned(),
        content: COVER.to_vec(),
    });
    Ok(items)
}

/// An e-reader knows an EPUB by its first bytes, so its type comes first, and uncompressed.
fn pack(out: impl Write + Seek, items: &[Item]) -> Result<()> {
    let mut book = ZipWriter::new(out);
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let small = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    book.start_file("mimetype", stored)?;
    book.write_all(b"application/epub+zip")?;
    book.start_file("META-INF/container.xml", small)?;
    book.write_all(package::CONTAINER.as_bytes())?;
    for item in items {
        book.start_file(format!("EPUB/{}", item.name), small)?;
        book.write_all(&item.content)?;
    }
    book.finish()?;
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| {
        let file = file.display();
        format!("cannot read {file}: `cargo xtask build` writes the pages first")
    })
}

fn read_text(file: &Path) -> Result<String> {
    String::from_utf8(read(file)?).with_context(|| format!("{} is not UTF-8", file.display()))
}

#[cfg(test)]
mod tests;
