//! The book for programs: the Markdown of each page beside its HTML, and `llms.txt`, their index.
//!
//! A page's source is Markdown already, but shortcodes, links inside the book and the words of
//! fences mean something to Zola alone. Here each becomes what a reader of the page sees.

use std::path::Path;

use anyhow::{Result, ensure};
use toml::{Table, Value};
use xshell::Shell;

use crate::pages::{CONTENT, ENGLISH, Page, files, pages, read, text, words};

mod body;
mod shown;
mod step;

const EXERCISES: &str = "code/exercises/info.toml";
/// The page that leads from questions to their answers, and its section.
const QUESTIONS: (&str, &str) = ("learning-paths.md", "questions");

/// Writes the Markdown of every page, and `llms.txt`, into `site`, which Zola has written.
/// Links lead to `base_url`, or to the address in config.toml.
pub fn write(shell: &Shell, site: &Path, base_url: Option<&str>) -> Result<usize> {
    let config: Table = read(shell, "config.toml")?;
    let base = base_url.unwrap_or_else(|| text(&config, "base_url"));
    let base = base.trim_end_matches('/');
    let pages = pages(shell)?;
    let exercises: Table = read(shell, EXERCISES)?;
    for page in &pages {
        let folder = site.join(&page.address);
        ensure!(
            shell.path_exists(folder.join("index.html")),
            "{CONTENT}/{}: no page stands at /{}; what `path` says and what Zola wrote differ",
            page.file,
            page.address
        );
        let text = whole(shell, page, &pages, &config, &exercises, base)?;
        shell.write_file(folder.join("index.md"), text)?;
    }
    let words = words(shell, ENGLISH)?;
    let index = index(&config, &pages, base, &words);
    shell.write_file(site.join("llms.txt"), index)?;
    Ok(pages.len())
}

impl Page {
    /// Its line in a list of pages.
    fn entry(&self, base: &str) -> String {
        let (title, address) = (self.title(), &self.address);
        let description = text(&self.front, "description");
        format!("- [{title}]({base}/{address}index.md): {description}\n")
    }
}

/// A page with its head and all that its template adds.
fn whole(
    shell: &Shell,
    page: &Page,
    pages: &[Page],
    config: &Table,
    exercises: &Table,
    base: &str,
) -> Result<String> {
    let address = |file: &str| {
        let page = pages.iter().find(|page| page.file == file)?;
        Some(format!("{base}/{}index.md", page.address))
    };
    let words = words(shell, &page.language)?;
    let at = text(files(&words)?, "page").replace("{address}", &format!("{base}/{}", page.address));
    let description = text(&page.front, "description");
    let mut whole = format!("# {}\n\n{description}\n\n{at}\n\n", page.title());
    for (list, heading) in [
        ("in_one_minute", text(&words, "in_one_minute")),
        ("objectives", text(&words, "you_can")),
        ("prerequisites", text(&words, "you_need")),
    ] {
        let items: Vec<&str> = page.extra(list).collect();
        if !items.is_empty() {
            whole += &format!("{heading}:\n\n");
            for item in items {
                whole += &format!("- {}\n", body::links(item, &address)?);
            }
            whole.push('\n');
        }
    }
    whole += body::plain(shell, page, &address)?.trim();
    whole.push('\n');
    if page.folder().is_empty() && page.is_section() {
        whole += &contents(config, pages, base, &page.language, &words);
        whole += &ways_in(page, &address, &words)?;
    } else if page.is_section() {
        let below = |other: &&Page| {
            let is_same = other.file.starts_with(page.folder()) && other.language == page.language;
            is_same && !std::ptr::eq(*other, page)
        };
        whole.push('\n');
        whole.extend(pages.iter().filter(below).map(|page| page.entry(base)));
    }
    let extra = page.front.get("extra").and_then(Value::as_table);
    if let Some(list) = extra.map(|extra| text(extra, "cards"))
        && !list.is_empty()
    {
        for chapter in pages.iter().filter(|it| it.language == page.language) {
            whole += &cards_of(chapter, list, &address, &words)?;
        }
    }
    if let Some(chapter) = page.chapter() {
        whole += &exercises_of(chapter, exercises);
    }
    Ok(whole)
}

/// What templates/partials/cards.html shows of a chapter.
fn cards_of(page: &Page, list: &str, address: body::Address<'_>, words: &Table) -> Result<String> {
    let mut shown = String::new();
    for card in page.cards(list) {
        let said = shown::card_of(words, list, card);
        shown += &format!("\n{}\n", body::links(&said, address)?);
    }
    if shown.is_empty() {
        return Ok(shown);
    }
    let number = page
        .chapter()
        .map_or("", |it| it[2..].trim_start_matches('0'));
    let heading = text(words, "chapter_heading").replace("{number}", number);
    let heading = heading.replace("{title}", page.title());
    let to = address(&page.file).unwrap_or_default();
    Ok(format!("\n## {heading}\n\n{to}\n{shown}"))
}

/// The list that templates/partials/exercises.html shows at the end of a chapter.
fn exercises_of(chapter: &str, set: &Table) -> String {
    let all = set.get("exercises").and_then(Value::as_array);
    let tables = all.into_iter().flatten().filter_map(Value::as_table);
    let mut list = String::new();
    for exercise in tables.filter(|exercise| text(exercise, "dir") == chapter) {
        let (name, trains) = (text(exercise, "name"), text(exercise, "trains"));
        list += &format!("- `code/exercises/exercises/{chapter}/{name}.rs`: {trains}\n");
    }
    if list.is_empty() {
        list
    } else {
        format!("\n{list}")
    }
}

/// The ways in that templates/partials/home-parts.html shows below the contents; those of a whole
/// part stand in the contents.
fn ways_in(page: &Page, address: body::Address<'_>, words: &Table) -> Result<String> {
    let mut ways = String::new();
    for way in page.cards("ways") {
        let links = way.get("links").and_then(Value::as_array);
        let links = links.into_iter().flatten().filter_map(Value::as_str);
        let lines: String = links.map(|link| format!("- {link}\n")).collect();
        if !lines.is_empty() {
            ways += &format!("\n### {}\n\n{lines}", text(way, "title"));
        }
    }
    if ways.is_empty() {
        return Ok(ways);
    }
    let heading = text(words, "ways_in");
    body::links(&format!("\n## {heading}\n{ways}"), address)
}

/// `llms.txt`: what the book is, then each page in the order of the contents (llmstxt.org).
fn index(config: &Table, pages: &[Page], base: &str, words: &Table) -> String {
    let mut index = format!(
        "# {}\n\n> {}\n\n",
        text(config, "title"),
        text(config, "description")
    );
    index += "Each page is Markdown with whole programs; the same address without `index.md` is the page for people.\n";
    if let Some(page) = pages.iter().find(|page| page.file == QUESTIONS.0) {
        let (address, id) = (&page.address, QUESTIONS.1);
        index += &format!("You have one question? Look it up: {base}/{address}index.md#{id}\n");
    }
    index + &contents(config, pages, base, ENGLISH, words)
}

/// Every page of a language in the order of the contents: the chapters of each part, then what
/// stands beside them.
fn contents(config: &Table, pages: &[Page], base: &str, language: &str, words: &Table) -> String {
    let mut contents = String::new();
    let pages: Vec<&Page> = pages
        .iter()
        .filter(|page| page.language == language)
        .collect();
    let parts = pages.iter().filter(|page| page.chapter().is_none());
    for part in parts.filter(|page| page.is_section() && page.file.starts_with("part")) {
        contents += &format!("\n## {}\n\n", part.title());
        let chapters = pages.iter().filter(|page| page.folder() == part.folder());
        contents.extend(
            chapters
                .filter(|page| !page.is_section())
                .map(|page| page.entry(base)),
        );
    }
    contents += &format!("\n## {}\n\n", text(words, "beside_chapters"));
    let reference = config.get("extra").and_then(|it| it.get("reference"));
    let files = reference.and_then(Value::as_array).into_iter().flatten();
    for file in files.filter_map(Value::as_str) {
        let found = pages.iter().filter(|page| page.original() == file);
        contents.extend(found.map(|page| page.entry(base)));
    }
    contents
}

#[cfg(test)]
mod tests;
