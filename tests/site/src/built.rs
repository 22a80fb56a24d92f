//! The built pages: what a reader's browser gets.
//!
//! They are checked if `public/` is there and newer than what it is built from; `cargo xtask
//! build` makes it so. In CI they have to be there.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use scraper::{Html, Selector};
use toml::Table;

use crate::Problem;
use crate::book::Book;

/// The folder that Zola writes.
pub const FOLDER: &str = "public";

/// Style sheets of the highlighting, which Zola writes beside ours while it builds.
const WRITTEN_BY_ZOLA: &str = "static/giallo-";

const LONGEST_TITLE: usize = 60;

/// What the pages are built from.
const SOURCES: &[(&str, &str)] = &[
    ("content", "md"),
    ("templates", "html"),
    ("content", "toml"),
    ("static", "css"),
    ("static", "js"),
    ("static", "svg"),
    ("code", "rs"),
];

/// Whether the built pages are there and newer than what they are built from.
pub fn are_current(book: &Book) -> bool {
    let changed = |path: &str| {
        fs::metadata(book.root.join(path))
            .and_then(|it| it.modified())
            .ok()
    };
    let Some(built) = changed("public/index.html") else {
        return false;
    };
    let sources = SOURCES
        .iter()
        .flat_map(|(folder, extension)| book.files(folder, extension))
        .filter(|file| !file.starts_with(WRITTEN_BY_ZOLA));
    let newest = sources.filter_map(|file| changed(&file)).max();
    newest.unwrap_or(SystemTime::UNIX_EPOCH) <= built
}

/// Every page parses, has unique ids, and leads only to what exists; images have text and size.
pub fn check(book: &Book) -> Vec<Problem> {
    let config: Table = book
        .file("config.toml")
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    let base = config
        .get("base_url")
        .and_then(|it| it.as_str())
        .unwrap_or_default();
    let base = base.trim_end_matches('/');
    let folder = book.root.join(FOLDER);

    let mut problems = Vec::new();
    let mut pages = HashMap::new();
    for file in book.files(FOLDER, "html") {
        let text = book.file(&file).unwrap_or_default();
        let html = Html::parse_document(&text);
        let path = file.trim_start_matches(FOLDER).to_owned();
        let page = Built { file, text, html };
        problems.extend(page.parse_errors());
        problems.extend(page.title());
        problems.extend(page.repeated_ids());
        problems.extend(page.images());
        pages.insert(path, page);
    }
    let ids: HashMap<&str, HashSet<&str>> = pages
        .iter()
        .map(|(path, page)| (path.as_str(), page.ids().collect()))
        .collect();
    for (path, page) in &pages {
        for to in page.links() {
            if let Err(what) = leads_somewhere(base, &folder, path, to, &ids) {
                problems.push(page.problem(to, what, "fix the link, or what it leads to"));
            }
        }
    }
    problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    problems
}

/// A page as it was written.
struct Built {
    file: String,
    text: String,
    html: Html,
}

impl Built {
    /// A problem on the first line that has this text.
    fn problem(&self, at: &str, what: impl Into<String>, fix: &str) -> Problem {
        let line = self
            .text
            .lines()
            .position(|line| line.contains(at))
            .map_or(1, |line| line + 1);
        Problem::new(&self.file, line, what, fix)
    }

    fn parse_errors(&self) -> Vec<Problem> {
        let mut errors: Vec<&str> = self
            .html
            .errors
            .iter()
            .map(|error| error.as_ref())
            .collect();
        errors.sort_unstable();
        errors.dedup();
        let is_redirect = self.text.contains("http-equiv=\"refresh\"");
        errors.retain(|_| !is_redirect);
        let fix = "find the element that is not closed, or stands where it must not";
        errors
            .into_iter()
            .map(|error| self.problem("", format!("HTML: {error}"), fix))
            .collect()
    }

    /// Search engines cut a title that is longer than [`LONGEST_TITLE`].
    fn title(&self) -> Option<Problem> {
        let title = Selector::parse("title").expect("a selector");
        let title: String = self.html.select(&title).next()?.text().collect();
        let length = title.trim().chars().count();
        let is_redirect = self.text.contains("http-equiv=\"refresh\"");
        (!is_redirect && !(1..=LONGEST_TITLE).contains(&length)).then(|| {
            let what = format!("a title of {length} characters");
            self.problem("<title>", what, "shorten it to 60 in the front matter")
        })
    }

    fn all(&self, selector: &str, attribute: &'static str) -> impl Iterator<Item = &str> {
        let selector = Selector::parse(selector).expect("a selector");
        let found: Vec<&str> = self
            .html
            .select(&selector)
            .filter_map(|it| it.value().attr(attribute))
            .collect();
        found.into_iter()
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        self.all("[id]", "id")
    }

    fn links(&self) -> impl Iterator<Item = &str> {
        let links = self.all("a[href], link[href]", "href");
        let links = links.chain(self.all("meta[property='og:image']", "content"));
        links.chain(self.all("img[src], script[src], source[src], iframe[src]", "src"))
    }

    fn repeated_ids(&self) -> Vec<Problem> {
        let mut seen = HashSet::new();
        self.ids()
            .filter(|id| !seen.insert(*id))
            .map(|id| {
                let at = format!("id=\"{id}\"");
                self.problem(
                    &at,
                    format!("the id `{id}` stands there twice"),
                    "rename one",
                )
            })
            .collect()
    }

    fn images(&self) -> Vec<Problem> {
        let images = Selector::parse("img").expect("a selector");
        let mut problems = Vec::new();
        for image in self.html.select(&images) {
            let source = image.value().attr("src").unwrap_or_default();
            for attribute in ["alt", "width", "height"] {
                if image.value().attr(attribute).is_none() {
                    let what = format!("the image {source} has no {attribute}");
                    problems.push(self.problem(source, what, "write it where the page is made"));
                }
            }
        }
        let pictures = Selector::parse("svg[role=img]").expect("a selector");
        for picture in self.html.select(&pictures) {
            let labels = picture.value().attr("aria-labelledby").unwrap_or_default();
            let is_named = picture.value().attr("aria-label").is_some()
                || labels.split_whitespace().next().is_some()
                    && labels
                        .split_whitespace()
                        .all(|id| self.ids().any(|found| found == id));
            if !is_named {
                let what = "a drawing without a text of its own";
                problems.push(self.problem("role=\"img\"", what, "name its title and desc"));
            }
        }
        problems
    }
}

/// Whether a link of the page at `path` leads to a file, and to an id in it.
fn leads_somewhere(
    base: &str,
    folder: &Path,
    path: &str,
    to: &str,
    ids: &HashMap<&str, HashSet<&str>>,
) -> Result<(), String> {
    let inside = to
        .strip_prefix(base)
        .filter(|rest| !base.is_empty() && (rest.is_empty() || rest.starts_with(['/', '#', '?'])));
    let is_elsewhere = to.contains("://")
        || to.starts_with("//")
        || to.starts_with("data:")
        || to.starts_with("mailto:");
    if inside.is_none() && is_elsewhere {
        return Ok(());
    }
    let to = inside.unwrap_or(to);
    let (target, id) = to
        .split_once('#')
        .map_or((to, None), |(target, id)| (target, Some(id)));
    let target = target.split('?').next().unwrap_or_default();
    // A path from the root of the host begins with that of the site.
    let site = base
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('/'))
        .map_or("", |(_, path)| path);
    let target = match target.strip_prefix('/') {
        Some(rest) if inside.is_none() && !site.is_empty() => rest
            .strip_prefix(site)
            .map(|rest| format!("/{}", rest.trim_start_matches('/')))
            .ok_or_else(|| format!("{to} leads outside the site"))?,
        _ => target.to_owned(),
    };
    let target = if target.is_empty() && inside.is_none() {
        path.to_owned()
    } else {
        resolve(path, &target)
    };
    let target = if target.ends_with('/') {
        target + "index.html"
    } else {
        target
    };
    let file = folder.join(target.trim_start_matches('/'));
    let target = if file.is_dir() {
        target + "/index.html"
    } else {
        target
    };
    if !folder.join(target.trim_start_matches('/')).is_file() {
        return Err(format!("{to} leads nowhere"));
    }
    match id.filter(|id| !id.is_empty()) {
        Some(id) if !ids.get(target.as_str()).is_some_and(|ids| ids.contains(id)) => {
            Err(format!("{target} has no `{id}`"))
        }
        _ => Ok(()),
    }
}

/// The path that a relative one means on a page.
fn resolve(page: &str, target: &str) -> String {
    if target.is_empty() || target.starts_with('/') {
        return if target.is_empty() {
            "/".into()
        } else {
            target.into()
        };
    }
    let mut words: Vec<&str> = page.split('/').collect();
    words.pop();
    for word in target.split('/') {
        match word {
            "." => {}
            ".." => drop(words.pop()),
            word => words.push(word),
        }
    }
    words.join("/")
}

#[cfg(test)]
mod tests {
    use super::{are_current, check};
    use crate::fixture::{CHAPTER, Fixture};

    const INDEX: &str = "public/index.html";
    const PAGE: &str = "public/waker/index.html";

    fn site() -> Fixture {
        let page = |body: &str| {
            format!(
                "<!doctype html>\n<html lang=\"en\">\n<title>t</title>\n<body>\n{body}\n</body>\n</html>\n"
            )
        };
        Fixture::sound()
            .write("config.toml", "base_url = \"https://example.org/book\"\n")
            .write("public/lanes.svg", "<svg/>")
            .write("public/card.png", "")
            .write(
                PAGE,
                &page("<h1 id=\"top\">Waker</h1>\n<a href=\"https://example.org/book/\">home</a>"),
            )
            .write(
                INDEX,
                &page(
                    "<meta property=\"og:image\" content=\"https://example.org/book/card.png\">\n\
                     <a href=\"/book/waker/#top\">a</a>\n<a href=\"waker/\">b</a>\n\
                     <img src=\"/book/lanes.svg\" alt=\"A lane.\" width=\"1\" height=\"1\">",
                ),
            )
    }

    #[test]
    fn nothing_is_wrong_with_sound_pages() {
        site().expect(check, &[]);
    }

    #[test]
    fn a_title_that_search_engines_cut_is_named() {
        let long = format!("<title>{}</title>", "t".repeat(61));
        site()
            .replace(PAGE, "<title>t</title>", &long)
            .expect(check, &[(PAGE, "<title>", "a title of 61 characters")]);
    }

    #[test]
    fn links_that_lead_nowhere_are_named() {
        site()
            .replace(INDEX, "/book/waker/#top", "/book/waker/#end")
            .replace(INDEX, "\"waker/\"", "\"wakers/\"")
            .replace(INDEX, "card.png", "cards.png")
            .replace(INDEX, "/book/lanes.svg", "/lanes.svg")
            .expect(
                check,
                &[
                    (INDEX, "cards.png", "/cards.png leads nowhere"),
                    (INDEX, "#end", "/waker/index.html has no `end`"),
                    (INDEX, "wakers/", "wakers/ leads nowhere"),
                    (INDEX, "/lanes.svg", "/lanes.svg leads outside the site"),
                ],
            );
    }

    #[test]
    fn repeated_ids_bare_images_and_broken_html_are_named() {
        site()
            .replace(PAGE, "<a ", "<p id=\"top\">x</p></b><a ")
            .replace(INDEX, " alt=\"A lane.\" width=\"1\"", "")
            .expect(
                check,
                &[
                    (INDEX, "<img", "the image /book/lanes.svg has no alt"),
                    (INDEX, "<img", "the image /book/lanes.svg has no width"),
                    (PAGE, "", "HTML: "),
                    (PAGE, "<h1", "the id `top` stands there twice"),
                ],
            );
    }

    #[test]
    fn pages_older_than_the_text_are_not_current() {
        let fixture = site();
        assert!(are_current(&fixture.book()));
        std::thread::sleep(std::time::Duration::from_millis(20));
        let fixture = fixture.write("static/giallo-light.css", "");
        assert!(are_current(&fixture.book()));
        let fixture = fixture.replace(CHAPTER, "A task", "One task");
        assert!(!are_current(&fixture.book()));
    }
}
