//! The book as an EPUB 3: a zip of XHTML files, with a list of them and their order.
//!
//! ```text
//! mimetype                 first and not compressed, so that a program knows the file by its start
//! META-INF/container.xml   where the list stands
//! book/package.opf         the list: metadata, files, order
//! book/nav.xhtml           the contents
//! book/cover.xhtml, title.xhtml, coroutines.xhtml …
//! ```

mod nav;
mod package;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::book::Book;
use crate::markup::{self, Medium, escaped};
use crate::tokens::Tokens;

const MIMETYPE: &str = "application/epub+zip";
/// The drawing on the cover, among the built pages.
const COVER: &str = "cards/home.png";
const STYLE: &str = include_str!("epub/style.css");

/// A file below `book/` that the reader turns to, in the order of the book.
struct Leaf {
    /// `coroutines`, of `coroutines.xhtml`.
    name: String,
    xhtml: String,
}

/// Writes the book to `file`. `modified` is when its text last changed, as `2026-11-23T12:00:00Z`:
/// the same text gives the same bytes.
pub fn write(book: &Book, modified: &str, file: &Path) -> Result<()> {
    let written = || {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        File::create(file)
    };
    let written = written().with_context(|| format!("cannot write {}", file.display()))?;
    let cover = book.site.join(COVER);
    let cover = fs::read(&cover).with_context(|| format!("cannot read {}", cover.display()))?;
    let tokens = fs::read_to_string(book.site.join("css/tokens.css"));
    let tokens = Tokens::parse(&tokens.context("cannot read the colors in public/css/tokens.css")?);
    let leaves = leaves(book, modified, &tokens)?;

    let mut zip = ZipWriter::new(written);
    // No file has a time, for the same text is to give the same bytes.
    let options = SimpleFileOptions::default().last_modified_time(DateTime::default());
    let stored = options.compression_method(CompressionMethod::Stored);
    let mut add = |name: &str, options, content: &[u8]| {
        zip.start_file(name, options)?;
        anyhow::Ok(zip.write_all(content)?)
    };
    add("mimetype", stored, MIMETYPE.as_bytes())?;
    add(
        "META-INF/container.xml",
        options,
        package::CONTAINER.as_bytes(),
    )?;
    let package = package::write(book, modified, &leaves);
    add("book/package.opf", options, package.as_bytes())?;
    add("book/style.css", options, tokens.resolve(STYLE)?.as_bytes())?;
    add("book/cover.png", stored, &cover)?;
    for leaf in &leaves {
        let name = format!("book/{}.xhtml", leaf.name);
        add(&name, options, leaf.xhtml.as_bytes())?;
    }
    zip.finish()?;
    Ok(())
}

fn leaves(book: &Book, modified: &str, tokens: &Tokens) -> Result<Vec<Leaf>> {
    let leaf = |name: &str, title: &str, body: &str| Leaf {
        name: name.to_owned(),
        xhtml: xhtml(book, title, body),
    };
    let cover = "<figure class=\"cover\"><img src=\"cover.png\" alt=\"Cover: three lanes, each \
                 runs and then wakes the next.\"/></figure>";
    let mut leaves = vec![
        leaf("cover", &book.title, cover),
        leaf("title", &book.title, &title(book, modified)),
        leaf("nav", "Contents", &nav::write(book)),
    ];
    for page in book.pages() {
        let body = markup::write(book, page, &Medium::Epub(tokens))
            .with_context(|| format!("the page {}", page.name))?;
        leaves.push(leaf(&page.name, &page.label, &body));
    }
    Ok(leaves)
}

fn title(book: &Book, modified: &str) -> String {
    let [title, description, author, base] =
        [&book.title, &book.description, &book.author, &book.base].map(|text| escaped(text));
    let (day, _) = modified.split_once('T').unwrap_or((modified, ""));
    format!(
        "<section class=\"title\"><h1>{title}</h1>\n<p>{description}</p>\n<p>{author}</p>\n\
         <p>The text as it was on {day}. The newest stands at <a href=\"{base}/\">{base}</a>, where \
         programs run and recorded runs can be played.</p></section>"
    )
}

fn xhtml(book: &Book, title: &str, body: &str) -> String {
    let (language, title) = (escaped(&book.language), escaped(title));
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE html>\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:epub=\"http://www.idpf.org/2007/ops\" \
         lang=\"{language}\" xml:lang=\"{language}\">\n<head>\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"style.css\"/>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::fixture;

    fn site() -> tempfile::TempDir {
        let site = tempfile::tempdir().unwrap();
        for (name, text) in [
            (COVER, ""),
            (
                "css/tokens.css",
                include_str!("../../../static/css/tokens.css"),
            ),
        ] {
            let file = site.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        site
    }

    #[test]
    fn the_same_text_gives_the_same_bytes_which_begin_with_their_type() {
        let site = site();
        let mut book = fixture("<h1>Wakers</h1><svg></svg>");
        book.site = site.path().to_owned();
        let [first, second] = ["a/1.epub", "a/2.epub"].map(|name| {
            let file = site.path().join(name);
            write(&book, "2026-11-23T12:00:00Z", &file).unwrap();
            fs::read(file).unwrap()
        });
        assert!(first == second);
        assert_eq!(&first[30..58], b"mimetypeapplication/epub+zip");
    }

    #[test]
    fn the_contents_and_the_list_name_every_page() {
        let book = fixture("<h2 id=\"clone\">Clone</h2><svg></svg>");
        let nav = nav::write(&book);
        assert!(nav.contains("<li><a href=\"waker.xhtml\">2 Wakers</a>\n<ol>\n<li><a href=\"waker.xhtml#clone\">Clone</a>"), "{nav}");
        let leaves = leaves(&book, "2026-11-23T12:00:00Z", &Tokens::parse("")).unwrap();
        let list = package::write(&book, "2026-11-23T12:00:00Z", &leaves);
        let item = "href=\"waker.xhtml\" media-type=\"application/xhtml+xml\" properties=\"svg\"";
        assert!(
            list.contains(item) && list.contains("<itemref idref=\"page-waker\"/>"),
            "{list}"
        );
    }
}
