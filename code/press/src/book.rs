//! The built pages, in the order of the book.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use scraper::{ElementRef, Html, Selector};
use toml::Table;

/// A built page that shows the contents of the book, whichever chapters there are.
const WITH_CONTENTS: &str = "404.html";

/// The whole book.
pub struct Book {
    /// The folder of the built pages.
    pub site: PathBuf,
    /// The address that the pages are published under, without a slash at its end.
    pub base: String,
    /// As the cover has it.
    pub title: String,
    /// One sentence.
    pub description: String,
    /// Who wrote it.
    pub author: String,
    /// Such as `en`.
    pub language: String,
    /// The parts, and what stands beside the chapters.
    pub groups: Vec<Group>,
}

/// A part with its chapters, or the pages beside the chapters.
pub struct Group {
    /// As the contents name it.
    pub title: String,
    /// The part's own page.
    pub head: Option<Page>,
    /// Its chapters, in order.
    pub pages: Vec<Page>,
}

/// A page of the book.
pub struct Page {
    /// Its address below that of the site: `coroutines`.
    pub name: String,
    /// As the contents name it: `3 Futures and async functions`.
    pub label: String,
    /// The whole built page.
    pub html: Html,
    /// The ids of its text.
    pub ids: HashSet<String>,
    /// Its headings of the second level.
    pub sections: Vec<Section>,
}

/// A heading of the second level, for the contents.
pub struct Section {
    /// The id of the heading.
    pub id: String,
    /// The heading without markup.
    pub title: String,
}

impl Book {
    /// Reads the book that stands below `root`: `public/`, and in `config.toml` what no page says.
    pub fn read(root: &Path) -> Result<Book> {
        let config: Table = text_of(&root.join("config.toml"))?
            .parse()
            .context("config.toml is not TOML")?;
        let said = |key: &str| {
            let value = config.get(key).and_then(|value| value.as_str());
            let value = value.with_context(|| format!("config.toml has no `{key}`"))?;
            anyhow::Ok(value.to_owned())
        };
        let site = root.join("public");
        ensure!(
            site.join("index.html").is_file(),
            "{} has no index.html: `cargo xtask build` writes the pages first",
            site.display()
        );
        let home = Html::parse_document(&text_of(&site.join("index.html"))?);
        // The address that the pages were built for need not be that of config.toml.
        let base = find(&home, "link[rel=canonical]").and_then(|link| link.attr("href"));
        let base = base.context("public/index.html does not say its address")?;
        let base = base.trim_end_matches('/').to_owned();
        Ok(Book {
            groups: groups(&site, &base)?,
            title: said("title")?,
            description: said("description")?,
            author: said("author")?,
            language: said("default_language")?,
            site,
            base,
        })
    }

    /// Every page, in the order of the book.
    pub fn pages(&self) -> impl Iterator<Item = &Page> {
        let groups = self.groups.iter();
        groups.flat_map(|group| group.head.iter().chain(&group.pages))
    }

    /// The page of this name.
    pub fn page(&self, name: &str) -> Option<&Page> {
        self.pages().find(|page| page.name == name)
    }
}

fn groups(site: &Path, base: &str) -> Result<Vec<Group>> {
    let contents = Html::parse_document(&text_of(&site.join(WITH_CONTENTS))?);
    let read = |link: ElementRef<'_>| {
        let address = link.attr("href").unwrap_or_default();
        let name = address.strip_prefix(base).unwrap_or(address);
        let name = name.trim_matches('/');
        Page::read(site, name, plain(link)).with_context(|| format!("the page {name}"))
    };
    let mut groups = Vec::new();
    for group in contents.select(&selector(".book-contents > details > ol > li")) {
        let title = group.select(&selector(".part")).next();
        let title = title.context("a part without a title in the contents")?;
        let head = title.attr("href").map(|_| read(title)).transpose()?;
        let number = head.as_ref().and_then(|head| find(&head.html, ".eyebrow"));
        // The page of a part says `Part 1 of 9`.
        let number = number.and_then(|it| plain(it).split_once(" of ").map(|it| it.0.to_owned()));
        let title = match number {
            Some(number) => format!("{number}: {}", plain(title)),
            None => plain(title),
        };
        let pages = group
            .select(&selector("li > a:not(.part)"))
            .map(read)
            .collect::<Result<_>>()?;
        groups.push(Group { title, head, pages });
    }
    ensure!(
        !groups.is_empty(),
        "public/{WITH_CONTENTS} shows no contents of the book"
    );
    Ok(groups)
}

impl Page {
    fn read(site: &Path, name: &str, label: String) -> Result<Page> {
        let html = text_of(&site.join(name).join("index.html"))?;
        Page::parse(name, label, &html)
    }

    /// The page in this HTML.
    pub(crate) fn parse(name: &str, label: String, html: &str) -> Result<Page> {
        let html = Html::parse_document(html);
        let article = find(&html, "main article").context("a page without a text")?;
        let (with_id, headings) = (selector("[id]"), selector("h2[id]"));
        let ids = article.select(&with_id).filter_map(|it| it.attr("id"));
        let sections = article.select(&headings).map(|heading| Section {
            id: heading.attr("id").unwrap_or_default().to_owned(),
            title: plain(heading),
        });
        Ok(Page {
            name: name.to_owned(),
            label,
            ids: ids.map(str::to_owned).collect(),
            sections: sections.collect(),
            html,
        })
    }

    /// The text of the page.
    pub fn article(&self) -> ElementRef<'_> {
        find(&self.html, "main article").expect("`parse` has found it")
    }
}

pub(crate) fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("a selector of ours")
}

fn find<'a>(html: &'a Html, of: &str) -> Option<ElementRef<'a>> {
    html.select(&selector(of)).next()
}

fn plain(element: ElementRef<'_>) -> String {
    let text: String = element.text().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text_of(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// A book of one page, for tests.
#[cfg(test)]
pub(crate) fn fixture(article: &str) -> Book {
    let html = format!("<main><article>{article}</article></main>");
    let page = Page::parse("waker", "2 Wakers".to_owned(), &html).expect("a page");
    Book {
        site: PathBuf::new(),
        base: "https://example.org/book".to_owned(),
        title: "Waits".to_owned(),
        description: "On waiting.".to_owned(),
        author: "Those who wait".to_owned(),
        language: "en".to_owned(),
        groups: vec![Group {
            title: "Part 1: Waits".to_owned(),
            head: None,
            pages: vec![page],
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let contents = "<nav class=book-contents><details><ol>\
            <li><a class=part href=\"https://e.org/b/part1-waits/\">Waits</a><ol>\
            <li><a href=\"https://e.org/b/waker/\"><b>2</b> Wakers</a></li></ol></li>\
            <li><span class=part>Beside</span><ul><li><a href=\"https://e.org/b/pin/\">Pin</a></li></ul></li>\
            </ol></details></nav>";
        let page = |text: &str| format!("<main><article>{text}</article></main>");
        for (name, text) in [
            (
                "config.toml",
                "title = \"t\"\ndescription = \"d\"\nauthor = \"a\"\ndefault_language = \"en\""
                    .to_owned(),
            ),
            ("public/404.html", contents.to_owned()),
            (
                "public/index.html",
                "<link rel=canonical href=\"https://e.org/b/\">".to_owned(),
            ),
            (
                "public/part1-waits/index.html",
                page("<p class=eyebrow>Part 1 of 9</p>"),
            ),
            (
                "public/waker/index.html",
                page("<h2 id=clone>Clone <code>it</code></h2>"),
            ),
            ("public/pin/index.html", page("<h2>None</h2>")),
        ] {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        folder
    }

    #[test]
    fn pages_stand_in_the_order_of_the_contents() {
        let site = site();
        let book = Book::read(site.path()).unwrap();
        let names: Vec<&str> = book.pages().map(|page| page.name.as_str()).collect();
        assert_eq!(names, ["part1-waits", "waker", "pin"]);
        let titles: Vec<&str> = book
            .groups
            .iter()
            .map(|group| group.title.as_str())
            .collect();
        assert_eq!(titles, ["Part 1: Waits", "Beside"]);
        let waker = book.page("waker").unwrap();
        assert_eq!(
            (waker.label.as_str(), waker.sections[0].title.as_str()),
            ("2 Wakers", "Clone it")
        );
    }

    #[test]
    fn a_page_that_is_not_built_is_named() {
        let site = site();
        fs::remove_file(site.path().join("public/pin/index.html")).unwrap();
        let error = format!("{:#}", Book::read(site.path()).err().unwrap());
        assert!(error.starts_with("the page pin: cannot read"), "{error}");
        fs::remove_file(site.path().join("public/index.html")).unwrap();
        let error = Book::read(site.path()).err().unwrap().to_string();
        assert!(error.contains("cargo xtask build"), "{error}");
    }
}
