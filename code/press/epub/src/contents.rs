//! The contents of the book, from the list that stands beside every page.

use std::path::Path;

use anyhow::{Context, Result};
use scraper::{ElementRef, Html, Selector};

use crate::{Words, read_text};

/// What the home page and the contents say of the book.
pub struct Contents {
    /// The address of the home page, without a slash at its end.
    pub base: String,
    pub title: String,
    pub description: String,
    pub language: String,
    pub words: Words,
    /// Parts, and a group of what stands beside the chapters.
    pub groups: Vec<Group>,
}

/// A part with its chapters. A group without a page of its own has only a heading.
pub struct Group {
    pub heading: String,
    pub page: Option<Entry>,
    pub entries: Vec<Entry>,
}

/// A page of the book.
pub struct Entry {
    /// Its address from the home page, such as `coroutines/`.
    pub path: String,
    /// With its number, if it is a chapter.
    pub title: String,
    /// The ids and the headings of its sections, if it is a chapter.
    pub sections: Vec<(String, String)>,
}

/// The name of the file that holds a page.
pub fn file(path: &str) -> String {
    match path.trim_matches('/') {
        "" => "title.xhtml".to_owned(),
        path => format!("{}.xhtml", path.replace('/', "-")),
    }
}

impl Contents {
    pub fn read(site: &Path, words: &Words) -> Result<Contents> {
        let home = Html::parse_document(&read_text(&site.join("index.html"))?);
        let value = |selector: &str, attribute: &str| {
            let value = first(&home, selector).and_then(|it| it.attr(attribute));
            value.with_context(|| format!("index.html has no {selector}"))
        };
        let base = value("link[rel=canonical]", "href")?.trim_end_matches('/');
        let start = value(".start a", "href")?;
        let start = inside(base, start).context("index.html: Start reading leads elsewhere")?;
        let page = Html::parse_document(&read_text(&site.join(start).join("index.html"))?);
        let list = first(&page, ".book-contents ol").context("a chapter without .book-contents")?;
        let mut groups = Vec::new();
        for item in children(list, "li") {
            groups.push(group(site, base, item)?);
        }
        Ok(Contents {
            base: base.to_owned(),
            title: plain(first(&home, "title").context("index.html has no title")?),
            description: value("meta[name=description]", "content")?.to_owned(),
            language: value("html", "lang")?.to_owned(),
            words: words.clone(),
            groups,
        })
    }

    /// All pages, in their order.
    pub fn pages(&self) -> impl Iterator<Item = &Entry> {
        let pages = self.groups.iter();
        pages.flat_map(|group| group.page.iter().chain(&group.entries))
    }

    /// Where a link of a page leads in the book; nothing if it leads out of it.
    pub fn target(&self, address: &str) -> Option<String> {
        let (page, id) = match address.split_once('#') {
            Some((page, id)) => (page, format!("#{id}")),
            None => (address, String::new()),
        };
        let path = inside(&self.base, page)?;
        let is_bound = path.is_empty() || self.pages().any(|entry| entry.path == path);
        is_bound.then(|| file(path) + &id)
    }
}

fn inside<'a>(base: &str, address: &'a str) -> Option<&'a str> {
    address.strip_prefix(base)?.strip_prefix('/')
}

fn group(site: &Path, base: &str, item: ElementRef<'_>) -> Result<Group> {
    let head = children(item, "a").chain(children(item, "span")).next();
    let head = head.context(".book-contents: a part without a heading")?;
    let page = match head.attr("href") {
        Some(_) => Some(entry(site, base, head)?),
        None => None,
    };
    let mut entries = Vec::new();
    for link in item.select(&selector("li li > a")) {
        entries.push(entry(site, base, link)?);
    }
    Ok(Group {
        heading: plain(head),
        page,
        entries,
    })
}

fn entry(site: &Path, base: &str, link: ElementRef<'_>) -> Result<Entry> {
    let address = link.attr("href").unwrap_or_default();
    let path = inside(base, address)
        .with_context(|| format!(".book-contents: {address} is no page of {base}"))?;
    let is_chapter = children(link, "b").next().is_some();
    let mut sections = Vec::new();
    if is_chapter {
        let page = Html::parse_document(&read_text(&site.join(path).join("index.html"))?);
        for heading in page.select(&selector("main > article > h2[id]")) {
            let id = heading.attr("id").unwrap_or_default();
            sections.push((id.to_owned(), plain(heading)));
        }
    }
    Ok(Entry {
        path: path.to_owned(),
        title: plain(link),
        sections,
    })
}

pub fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("a selector")
}

pub fn first<'a>(html: &'a Html, text: &str) -> Option<ElementRef<'a>> {
    html.select(&selector(text)).next()
}

fn children<'a>(element: ElementRef<'a>, name: &str) -> impl Iterator<Item = ElementRef<'a>> {
    let children = element.child_elements();
    children.filter(move |child| child.value().name() == name)
}

fn plain(element: ElementRef<'_>) -> String {
    let text: String = element.text().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
