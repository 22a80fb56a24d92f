//! Links: those inside the book lead somewhere, those outside name a version.

use std::collections::HashSet;
use std::sync::LazyLock;

use harness::book::{Link, Page};
use regex::Regex;
use toml::{Table, Value};

use crate::Problem;
use crate::book::{Book, stem, without_code};
use crate::{cards, shortcodes};

/// An anchor that HTML in the text makes.
static HTML_ID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"<[^>]*\sid="([^"]+)""#).expect("a pattern"));

/// What is wrong, and how to fix it.
type Wrong = (String, String);

/// Every link of every page.
pub fn check(book: &Book) -> Vec<Problem> {
    let versions = Versions::read(book);
    let mut problems = Vec::new();
    for page in &book.pages {
        for link in &page.links {
            if let Err((what, fix)) = one(book, page, link, &versions) {
                problems.push(Problem::new(&page.path, link.line, what, fix));
            }
        }
        problems.extend(later(book, page));
        problems.extend(front_matter(book, page, &versions));
    }
    problems.extend(unreached(book));
    problems
}

/// Pages that no other page leads to, in its text or in what it says about itself.
///
/// Sections are left out, which the contents of the book lead to, and translations.
fn unreached(book: &Book) -> Vec<Problem> {
    let reached: HashSet<String> = book
        .pages
        .iter()
        .flat_map(|page| {
            let front = page.front_matter.clone().unwrap_or_default();
            let front = harness::book::parse(&page.path, front).links;
            page.links.iter().cloned().chain(front).filter_map(|link| {
                let path = link.to.strip_prefix("@/")?.split('#').next()?;
                let path = format!("content/{path}");
                (path != page.path).then_some(path)
            })
        })
        .collect();
    let later = shortcodes::all(book);
    let later: HashSet<String> = later
        .iter()
        .filter(|it| it.name == "later")
        .filter_map(|it| {
            let path = book.outline.path(it.argument("chapter")?.parse().ok()?)?;
            (path != it.page.path).then_some(path)
        })
        .collect();
    let alone = book.content().filter(|page| {
        let is_reached = reached.contains(&page.path) || later.contains(&page.path);
        stem(page) != "_index" && !stem(page).contains('.') && !is_reached
    });
    let what = "no other page leads to it";
    let fix = "link to it where a reader would ask for it";
    alone
        .map(|page| Problem::new(&page.path, 1, what, fix))
        .collect()
}

/// Links in what a page says about itself, such as its prerequisites.
fn front_matter(book: &Book, page: &Page, versions: &Versions) -> Vec<Problem> {
    let text = page.front_matter.clone().unwrap_or_default();
    let links = harness::book::parse(&page.path, text).links;
    let wrong = links.iter().filter_map(|link| {
        let (what, fix) = one(book, page, link, versions).err()?;
        // The front matter begins on line 2.
        Some(Problem::new(&page.path, link.line + 1, what, fix))
    });
    wrong.collect()
}

/// Where `later` leads to a heading or a card, it is there once its chapter is.
fn later(book: &Book, page: &Page) -> Vec<Problem> {
    let mut problems = Vec::new();
    for shortcode in shortcodes::of_page(page) {
        let chapter = shortcode.argument("chapter").map(str::parse);
        let path = chapter
            .and_then(Result::ok)
            .and_then(|it| book.outline.path(it));
        let Some(path) = path.filter(|_| shortcode.name == "later") else {
            continue; // a chapter that is not planned is named by `shortcodes`
        };
        let target = book.page(&path).zip(shortcode.argument("id"));
        if let Some(Err((what, fix))) = target.map(|(target, id)| anchor(target, id)) {
            problems.push(Problem::new(&page.path, shortcode.line, what, fix));
        }
    }
    problems
}

fn one(book: &Book, page: &Page, link: &Link, versions: &Versions) -> Result<(), Wrong> {
    let to = link.to.as_str();
    if let Some(id) = to.strip_prefix('#') {
        anchor(page, id)
    } else if let Some(target) = to.strip_prefix("@/") {
        let (path, id) = target
            .split_once('#')
            .map_or((target, None), |(path, id)| (path, Some(id)));
        let path = format!("content/{path}");
        let target = book.page(&path).ok_or_else(|| {
            (
                format!("leads to {path}, which does not exist"),
                "fix it; a chapter to come is {{ later(chapter=14, text=\"chapter 14\") }}".into(),
            )
        })?;
        id.map_or(Ok(()), |id| anchor(target, id))
    } else if to.starts_with("https://") {
        versions.check(to)
    } else if to.starts_with("http://") {
        Err((format!("`{to}` is not encrypted"), "use https".into()))
    } else if page.path == "README.md" {
        let path = to.split('#').next().unwrap_or_default();
        if book.root.join(path).exists() {
            return Ok(());
        }
        Err((
            format!("leads to {path}, which does not exist"),
            "fix it".into(),
        ))
    } else if link.image && to.starts_with('/') {
        let file = format!("static{to}");
        if book.root.join(&file).exists() {
            return Ok(());
        }
        Err((
            format!("shows {file}, which does not exist"),
            "fix it".into(),
        ))
    } else if to.starts_with("mailto:") {
        Ok(())
    } else {
        Err((
            format!("`{to}` leads outside the book's text"),
            "write @/part1-foundations/….md#id for a page of the book".into(),
        ))
    }
}

fn anchor(page: &Page, id: &str) -> Result<(), Wrong> {
    let anchors = anchors(page);
    if anchors.contains(id) {
        return Ok(());
    }
    let mut known: Vec<String> = anchors.into_iter().collect();
    known.sort();
    Err((
        format!("{} has no anchor `{id}`", page.path),
        format!(
            "it has {}; a heading gets one by `{{#id}}` after its title",
            known.join(", ")
        ),
    ))
}

fn anchors(page: &Page) -> HashSet<String> {
    let headings = page.headings.iter();
    // Zola makes an id of a title that has none: who leads there writes one, and it stays.
    let mut anchors: HashSet<String> = headings.filter_map(|it| it.id.clone()).collect();
    let text = without_code(page);
    anchors.extend(cards::of_page(page).into_iter().map(|card| card.id));
    anchors.extend(
        HTML_ID
            .captures_iter(&text)
            .map(|found| found[1].to_owned()),
    );
    anchors
}

/// The versions that the book is about.
struct Versions {
    rust: String,
    /// `tokio` and `1.54.1`; a crate can be there twice.
    crates: Vec<(String, String)>,
}

impl Versions {
    fn read(book: &Book) -> Versions {
        let table = |file| -> Table {
            book.file(file)
                .and_then(|text| text.parse().ok())
                .unwrap_or_default()
        };
        let manifest = table("Cargo.toml");
        let rust = manifest.get("workspace").and_then(|it| it.get("package"));
        let rust = rust
            .and_then(|it| it.get("rust-version"))
            .and_then(Value::as_str);
        let lock = table("Cargo.lock");
        let packages = lock.get("package").and_then(Value::as_array);
        let text = |package: &Value, key| package.get(key)?.as_str().map(str::to_owned);
        Versions {
            rust: format!("{}.0", rust.unwrap_or_default()),
            crates: packages
                .into_iter()
                .flatten()
                .filter_map(|package| Some((text(package, "name")?, text(package, "version")?)))
                .collect(),
        }
    }

    fn check(&self, to: &str) -> Result<(), Wrong> {
        if let Some(rest) = to.strip_prefix("https://doc.rust-lang.org/") {
            let version = rest.split('/').next().unwrap_or_default();
            if version != self.rust {
                let fix = format!("https://doc.rust-lang.org/{}/…", self.rust);
                return Err((format!("`{to}` is not of the book's Rust"), fix));
            }
        }
        if let Some(rest) = to.strip_prefix("https://docs.rs/") {
            let mut words = rest.split('/');
            let (name, version) = (
                words.next().unwrap_or_default(),
                words.next().unwrap_or_default(),
            );
            let of_crate = self.crates.iter().filter(|(locked, _)| locked == name);
            let locked: Vec<&str> = of_crate.map(|(_, version)| version.as_str()).collect();
            let is_exact = version.split('.').count() >= 3;
            if locked.is_empty() && is_exact || locked.contains(&version) {
                return Ok(());
            }
            let version = locked.last().unwrap_or(&"1.2.3");
            let fix = format!("https://docs.rs/{name}/{version}/…");
            return Err((format!("`{to}` is not of the version in Cargo.lock"), fix));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    fn link(to: &str) -> Fixture {
        Fixture::sound().replace(CHAPTER, "A task waits.", &format!("A [task]({to}) waits."))
    }

    #[test]
    fn dead_anchors_are_named() {
        link("#dead").expect(
            check,
            &[(
                CHAPTER,
                "[task]",
                "content/part1-foundations/ch02-event-loop-internals.md has no anchor `dead`",
            )],
        );
        link("@/glossary.md#dead").expect(
            check,
            &[(
                CHAPTER,
                "[task]",
                "content/glossary.md has no anchor `dead`",
            )],
        );
    }

    #[test]
    fn a_heading_is_led_to_by_the_id_that_is_written_for_it() {
        let led = |heading: &str| {
            let text = format!("### {heading}\n\nA [cup](#cafe) waits.");
            Fixture::sound().replace(CHAPTER, "A task waits.", &text)
        };
        led("Café {#cafe}").expect(check, &[]);
        for heading in ["Café", "Cafe"] {
            led(heading).expect(
                check,
                &[(
                    CHAPTER,
                    "[cup]",
                    "content/part1-foundations/ch02-event-loop-internals.md has no anchor `cafe`",
                )],
            );
        }
    }

    #[test]
    fn a_dead_link_of_the_front_matter_is_named() {
        let link = "[The glossary](@/glossary.md)";
        let dead = |to: &str| Fixture::sound().replace(CHAPTER, link, &format!("[It]({to})"));
        dead("@/none.md").expect(
            check,
            &[(CHAPTER, "prerequisites", "leads to content/none.md")],
        );
        dead("@/glossary.md#dead").expect(
            check,
            &[(
                CHAPTER,
                "prerequisites",
                "content/glossary.md has no anchor `dead`",
            )],
        );
    }

    #[test]
    fn a_page_that_no_other_leads_to_is_named() {
        let alone = "+++\ntitle = \"Alone\"\n+++\n\n[Itself](@/alone.md)\n";
        let alone = Fixture::sound().write("content/alone.md", alone);
        alone.expect(
            check,
            &[("content/alone.md", "+++", "no other page leads to it")],
        );
        link("@/alone.md")
            .write("content/alone.md", "+++\ntitle = \"Known\"\n+++\n")
            .expect(check, &[]);
    }

    #[test]
    fn a_later_chapter_is_held_to_its_anchors_once_it_stands() {
        let later = |arguments: &str| {
            Fixture::sound().replace(
                CHAPTER,
                "chapter=2, text=\"chapter 2\", id=\"quiz\"",
                arguments,
            )
        };
        let chapter = |id: &str| format!("chapter=2, text=\"chapter 2\", id=\"{id}\"");
        later(&chapter("one-guest")).expect(check, &[]);
        later(&chapter("dead")).expect(
            check,
            &[(
                CHAPTER,
                "\"dead\"",
                "content/part1-foundations/ch02-event-loop-internals.md has no anchor `dead`",
            )],
        );
        later("chapter=3, text=\"chapter 3\", id=\"dead\"").expect(check, &[]);
    }

    #[test]
    fn pages_that_do_not_exist_are_named() {
        link("@/none.md").expect(check, &[(CHAPTER, "[task]", "leads to content/none.md")]);
        link("../glossary.md").expect(
            check,
            &[(CHAPTER, "[task]", "`../glossary.md` leads outside")],
        );
    }

    #[test]
    fn documentation_of_another_version_is_named() {
        for to in [
            "https://docs.rs/tokio/latest/tokio/",
            "https://docs.rs/tokio/1.54.0/tokio/",
            "https://docs.rs/serde/latest/serde/",
            "https://doc.rust-lang.org/std/",
            "https://doc.rust-lang.org/stable/std/",
            "http://example.org/",
        ] {
            link(to).expect(check, &[(CHAPTER, "[task]", &format!("`{to}` is not"))]);
        }
        link("https://docs.rs/loom/0.7.2/loom/").expect(check, &[]);
    }
}
