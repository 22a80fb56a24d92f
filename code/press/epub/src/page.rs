//! A built page as a page of the book.
//!
//! Left out is what acts (buttons, links to edit a program) and what only decorates. Answers of
//! quizzes, folded on the site, move to the end of their page, with links there and back.

use std::path::Path;

use anyhow::{Context, Result, bail};
use scraper::node::Node;
use scraper::{ElementRef, Html};

use crate::contents::{Contents, Entry, first, selector};
use crate::read_text;
use crate::style::Tokens;
use crate::xhtml::{document, escaped, open};

/// What of the home page stands on the title page.
const TITLE: [&str; 5] = [
    ".hero h1",
    ".hero .lede",
    ".home > .first",
    ".home > .whole",
    ".colophon > p",
];
/// Elements that need a script.
const SKIPPED: [&str; 7] = [
    "button",
    "copy-code",
    "run-code",
    "script",
    "style",
    "template",
    "nav",
];
/// Attributes that mean the same in a book. On pictures all of them do.
const KEPT: [&str; 8] = [
    "class", "colspan", "href", "id", "rowspan", "scope", "start", "title",
];

/// The page that the contents name, as XHTML.
pub fn convert(site: &Path, contents: &Contents, entry: &Entry, tokens: &Tokens) -> Result<String> {
    let file = site.join(&entry.path).join("index.html");
    let html = Html::parse_document(&read_text(&file)?);
    let article = first(&html, "main > article");
    let article = article.with_context(|| format!("{} has no article", file.display()))?;
    let body = body(contents, tokens, [article]);
    let body = body.with_context(|| format!("{} cannot be bound", file.display()))?;
    Ok(document(&contents.language, &entry.title, &body))
}

/// The title page, from the home page.
pub fn title(site: &Path, contents: &Contents, tokens: &Tokens) -> Result<String> {
    let html = Html::parse_document(&read_text(&site.join("index.html"))?);
    let parts = TITLE.iter().filter_map(|part| first(&html, part));
    let body = body(contents, tokens, parts).context("index.html cannot be bound")?;
    let body = format!("<div class=\"title\">{body}</div>");
    Ok(document(&contents.language, &contents.title, &body))
}

fn body<'a>(
    contents: &Contents,
    tokens: &Tokens,
    elements: impl IntoIterator<Item = ElementRef<'a>>,
) -> Result<String> {
    let mut writer = Writer {
        contents,
        tokens,
        out: String::new(),
        answers: Vec::new(),
    };
    for element in elements {
        writer.element(element)?;
    }
    let Writer {
        mut out, answers, ..
    } = writer;
    if !answers.is_empty() {
        let heading = escaped(&contents.words.files.answers);
        out.push_str(&format!(
            "<section class=\"answers\"><h2 id=\"answers\">{heading}</h2>"
        ));
        out.extend(answers);
        out.push_str("</section>");
    }
    Ok(out)
}

/// Writes elements of a page as they stand in the book.
struct Writer<'a> {
    contents: &'a Contents,
    tokens: &'a Tokens,
    out: String,
    /// Those of the quizzes so far.
    answers: Vec<String>,
}

impl Writer<'_> {
    fn children(&mut self, element: ElementRef<'_>) -> Result<()> {
        for child in element.children() {
            match child.value() {
                Node::Text(text) => self.out.push_str(&escaped(text)),
                Node::Element(_) => self.element(ElementRef::wrap(child).expect("an element"))?,
                _ => {}
            }
        }
        Ok(())
    }

    fn element(&mut self, element: ElementRef<'_>) -> Result<()> {
        if is_left_out(element) {
            return Ok(());
        }
        match element.value().name() {
            "run-player" => self.children(element),
            "a" if leads_to_itself(element) => self.children(element),
            "quiz-card" => {
                let number = self.answers.len() + 1;
                let name = self.contents.words.files.question(number);
                let name = escaped(&name);
                self.out.push_str(&format!(
                    "<section class=\"quiz\" id=\"question-{number}\"><p class=\"number\">{name}</p>"
                ));
                self.children(element)?;
                self.out.push_str("</section>");
                Ok(())
            }
            "details" if parent(element).is_some_and(|it| it.value().name() == "quiz-card") => {
                self.answer(element)
            }
            // Of what a step keeps, how many lines there are.
            "details" if parent(element).is_some_and(|it| has_class(it, "step")) => {
                let summary = element.child_elements().next();
                summary.map_or(Ok(()), |summary| self.element(summary))
            }
            "details" => self.wrapped("div", &[], element),
            "summary" => self.wrapped("p", &[("class", "summary".to_owned())], element),
            "img" => bail!("an <img> is not carried over: draw it as SVG, in static/drawings/"),
            name => {
                let attributes = self.attributes(element)?;
                self.wrapped(name, &attributes, element)
            }
        }
    }

    fn wrapped(
        &mut self,
        name: &str,
        attributes: &[(&str, String)],
        element: ElementRef<'_>,
    ) -> Result<()> {
        let close = open(&mut self.out, name, attributes);
        self.children(element)?;
        self.out.push_str(&close);
        Ok(())
    }

    /// Leaves a link in the place of an answer, and keeps the answer for the end of the page.
    fn answer(&mut self, details: ElementRef<'_>) -> Result<()> {
        let number = self.answers.len() + 1;
        let words = &self.contents.words.files;
        let question = words.question(number);
        let [question, answer] = [&question, &words.answer].map(|text| escaped(text));
        let before = std::mem::take(&mut self.out);
        self.out.push_str(&format!(
            "<section class=\"answer\" id=\"answer-{number}\"><p class=\"number\"><a href=\"#question-{number}\">{question}</a></p>"
        ));
        for child in details.child_elements() {
            if child.value().name() != "summary" {
                self.element(child)?;
            }
        }
        self.out.push_str("</section>");
        self.answers.push(std::mem::replace(&mut self.out, before));
        self.out.push_str(&format!(
            "<p class=\"to-answer\"><a href=\"#answer-{number}\">{answer}</a></p>"
        ));
        Ok(())
    }

    fn attributes<'e>(&self, element: ElementRef<'e>) -> Result<Vec<(&'e str, String)>> {
        let is_picture = is_in_picture(element);
        let mut kept = Vec::new();
        for (name, value) in element.value().attrs() {
            let value = match name {
                "xmlns" | "focusable" => continue,
                "style" if value.starts_with("--") => continue,
                "style" if is_picture => self.tokens.fill(value)?,
                "href" => self.contents.target(value).unwrap_or(value.to_owned()),
                "aria-label" if element.value().name() == "section" => value.to_owned(),
                name if is_picture || KEPT.contains(&name) => value.to_owned(),
                _ => continue,
            };
            kept.push((name, value));
        }
        // The parser keeps them in an order of its own.
        kept.sort_by_key(|&(name, _)| name);
        if element.value().name() == "svg" {
            kept.insert(0, ("xmlns", "http://www.w3.org/2000/svg".to_owned()));
        }
        kept.extend(note(element).map(|kind| ("epub:type", kind.to_owned())));
        Ok(kept)
    }
}

/// What a part of a footnote is, so that e-readers can show the note over the text.
fn note(element: ElementRef<'_>) -> Option<&'static str> {
    let parent_has = |class| parent(element).is_some_and(|it| has_class(it, class));
    match element.value().name() {
        "a" if parent_has("footnote-reference") => Some("noteref"),
        "li" if parent_has("footnotes-list") => Some("footnote"),
        _ => None,
    }
}

fn is_left_out(element: ElementRef<'_>) -> bool {
    let name = element.value().name();
    let above = parent(element);
    let parent_has = |class| above.is_some_and(|it| has_class(it, class));
    let is_decoration = has_class(element, "part-lane") || (name == "svg" && parent_is_lane(above));
    let is_bar = name == "figcaption" && parent_has("code");
    // Of the bar of a program, its name stays; of the facts, what is no link.
    let is_empty_bar = is_bar && element.select(&selector("span, strong")).next().is_none();
    let is_edit = name == "a"
        && above.is_some_and(|it| {
            it.value().name() == "figcaption" && parent(it).is_some_and(|it| has_class(it, "code"))
        });
    let is_fact_to_press =
        name == "li" && parent_has("facts") && element.select(&selector("a")).next().is_some();
    let is_on_demand = name == "del" && has_class(element, "many");
    SKIPPED.contains(&name)
        || is_on_demand
        || is_decoration
        || is_empty_bar
        || is_edit
        || is_fact_to_press
}

fn parent_is_lane(parent: Option<ElementRef<'_>>) -> bool {
    parent.is_some_and(|it| {
        it.parent()
            .and_then(ElementRef::wrap)
            .is_some_and(|list| has_class(list, "lanes"))
    })
}

/// Headings and cards lead to themselves on the site, so that their address can be copied.
fn leads_to_itself(link: ElementRef<'_>) -> bool {
    let is_name = parent(link).is_some_and(|it| {
        ["h2", "h3", "h4"].contains(&it.value().name())
            || parent(it).is_some_and(|figure| has_class(figure, "card"))
    });
    is_name && link.attr("href").is_some_and(|href| href.starts_with('#'))
}

fn is_in_picture(element: ElementRef<'_>) -> bool {
    let is_svg = |it: ElementRef<'_>| it.value().name() == "svg";
    is_svg(element) || element.ancestors().filter_map(ElementRef::wrap).any(is_svg)
}

fn has_class(element: ElementRef<'_>, class: &str) -> bool {
    element.value().classes().any(|it| it == class)
}

fn parent(element: ElementRef<'_>) -> Option<ElementRef<'_>> {
    element.parent().and_then(ElementRef::wrap)
}
