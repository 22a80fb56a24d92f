//! A built page, cut into its sections.

use scraper::node::Node;
use scraper::{ElementRef, Html, Selector};

/// A page of the book.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Its address from the root of the site: `coroutines/`, or nothing for the home page.
    pub path: String,
    /// Its first heading.
    pub title: String,
    /// The chapter's number, if it is a chapter.
    pub number: String,
    /// In the order of the page. The first is what stands before any heading with an id.
    pub sections: Vec<Section>,
}

/// What stands between one heading and the next.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The id of its heading; nothing for the head of the page.
    pub id: String,
    /// 1 for the head of the page, else 2, 3 or 4.
    pub level: u8,
    /// The heading without markup.
    pub heading: String,
    /// What it introduces: terms in italics, documented names that begin a sentence, and what a
    /// message of the compiler begins with.
    pub terms: Vec<String>,
    /// Its paragraphs, items, cells and lines of code.
    pub blocks: Vec<Block>,
}

/// A paragraph, an item of a list, a cell of a table, or a line of code.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: Kind,
    /// Its text on one line. In prose, code stands between backticks.
    pub text: String,
}

/// Sorts of text, which weigh differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the book says, and what the compiler says.
    Prose,
    /// A line of a program or of a console.
    Code,
    /// A question of a quiz or its answer: it repeats what another section explains.
    Quiz,
}

/// Elements that hold nothing to find: controls, and pictures whose text is not seen.
const SKIPPED: [&str; 9] = [
    "svg",
    "nav",
    "script",
    "style",
    "button",
    "dialog",
    "copy-code",
    "run-code",
    "template",
];
/// Classes likewise: what the templates say beside the text. Lanes repeat the heads of other pages,
/// lists of cards their cards.
const SKIPPED_CLASSES: [&str; 8] = [
    "facts",
    "eyebrow",
    "part-lane",
    "run",
    "lanes",
    "cards",
    "fix",
    "whole",
];
/// Elements that go on with the line they stand in.
const INLINE: [&str; 24] = [
    "a", "abbr", "b", "bdi", "br", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark",
    "q", "s", "small", "span", "strong", "sub", "sup", "u", "var", "wbr",
];

impl Page {
    /// The page in this HTML, or nothing if it has no article with a heading.
    pub fn parse(path: &str, html: &str) -> Option<Page> {
        let html = Html::parse_document(html);
        let first = |selector: &str| {
            let selector = Selector::parse(selector).expect("a selector");
            html.select(&selector).next()
        };
        let title = first("main article h1").map(plain)?;
        let number = first(".book-contents [aria-current=page] > b").map(plain);
        let mut cutter = Cutter {
            sections: vec![Section {
                level: 1,
                heading: title.clone(),
                ..Section::default()
            }],
            cards: Vec::new(),
            line: String::new(),
        };
        cutter.walk(first("main article")?, Kind::Prose);
        cutter.end_line(Kind::Prose);
        cutter.end_section();
        Some(Page {
            path: path.to_owned(),
            title,
            number: number.unwrap_or_default(),
            sections: cutter.sections,
        })
    }
}

/// Walks through an article and cuts it at headings.
struct Cutter {
    /// Never empty.
    sections: Vec<Section>,
    /// Those of the last section: each is found by itself, after it.
    cards: Vec<Section>,
    line: String,
}

impl Cutter {
    fn walk(&mut self, element: ElementRef<'_>, kind: Kind) {
        for child in element.children() {
            match child.value() {
                Node::Text(text) => self.line.push_str(text),
                Node::Element(_) => {
                    self.enter(ElementRef::wrap(child).expect("an element"), kind);
                }
                _ => {}
            }
        }
    }

    fn enter(&mut self, element: ElementRef<'_>, kind: Kind) {
        let name = element.value().name();
        if is_skipped(element) {
            return;
        }
        if name == "code" {
            self.line.push('`');
            self.line.extend(element.text());
            self.line.push('`');
        } else if INLINE.contains(&name) {
            if kind == Kind::Prose && is_introduced(element, &self.line) {
                self.introduce(plain(element));
            }
            self.walk(element, kind);
        } else {
            self.end_line(kind);
            match (name, element.value().id()) {
                ("h1", _) => {}
                ("h2" | "h3" | "h4", Some(id)) => {
                    self.end_section();
                    self.sections.push(Section {
                        id: id.to_owned(),
                        level: name.as_bytes()[1] - b'0',
                        heading: plain(element),
                        ..Section::default()
                    });
                }
                ("figure", Some(id)) if element.value().classes().any(|it| it == "card") => {
                    self.card(element, id);
                }
                ("pre", _) => self.program(element, kind),
                ("quiz-card", _) => self.walk(element, Kind::Quiz),
                _ => self.walk(element, kind),
            }
            self.end_line(if name == "quiz-card" {
                Kind::Quiz
            } else {
                kind
            });
        }
    }

    /// Each line of a program or a message. Imports are left out: they repeat what the program uses.
    fn program(&mut self, element: ElementRef<'_>, kind: Kind) {
        let text = program_text(element);
        // What the compiler says is code to the template, and text to who looks for its words.
        let code = Selector::parse("code[data-lang]:not([data-lang=plain])").expect("a selector");
        let kind = match kind {
            Kind::Prose if element.select(&code).next().is_some() => Kind::Code,
            kind => kind,
        };
        let lines = text.lines().filter(|line| !line.starts_with("use "));
        for line in lines {
            if kind == Kind::Prose && (line.starts_with("error") || line.starts_with("warning")) {
                self.introduce(line.to_owned());
            }
            self.push(kind, line);
        }
    }

    /// A pattern or an anti-pattern: a section named by its caption, and the one around it goes on.
    fn card(&mut self, element: ElementRef<'_>, id: &str) {
        let [caption, texts] =
            ["figcaption", "dl"].map(|it| Selector::parse(it).expect("a selector"));
        self.sections.push(Section {
            id: id.to_owned(),
            level: 4,
            heading: element.select(&caption).map(plain).collect(),
            ..Section::default()
        });
        for texts in element.select(&texts) {
            self.walk(texts, Kind::Prose);
        }
        self.end_line(Kind::Prose);
        self.cards.extend(self.sections.pop());
    }

    fn end_section(&mut self) {
        self.sections.append(&mut self.cards);
    }

    fn introduce(&mut self, term: String) {
        let section = self.sections.last_mut().expect("never empty");
        section.terms.push(term);
    }

    fn end_line(&mut self, kind: Kind) {
        let line = std::mem::take(&mut self.line);
        self.push(kind, &line);
    }

    fn push(&mut self, kind: Kind, text: &str) {
        let text = one_line(text);
        let is_said = text.chars().any(char::is_alphanumeric);
        if is_said {
            let section = self.sections.last_mut().expect("never empty");
            section.blocks.push(Block { kind, text });
        }
    }
}

/// The text of a program. Of a step, the lines that it removes stand in another program.
fn program_text(element: ElementRef<'_>) -> String {
    let is_step = is_in_step(element);
    let texts = element.descendants().filter(|node| {
        let mut above = node.ancestors().filter_map(ElementRef::wrap);
        !(is_step && above.any(|it| it.value().name() == "del"))
    });
    texts
        .filter_map(|node| node.value().as_text())
        .map(|text| &**text)
        .collect()
}

fn is_in_step(element: ElementRef<'_>) -> bool {
    let figure = element.parent().and_then(ElementRef::wrap);
    figure.is_some_and(|figure| figure.value().classes().any(|class| class == "step"))
}

fn is_skipped(element: ElementRef<'_>) -> bool {
    let it = element.value();
    let bar = it.name() == "figcaption"
        && element
            .parent()
            .and_then(ElementRef::wrap)
            .is_some_and(|parent| parent.value().classes().any(|class| class == "code"));
    // What a step keeps stands in the step before it.
    let kept = it.name() == "details" && is_in_step(element);
    bar || kept
        || SKIPPED.contains(&it.name())
        || it.classes().any(|class| SKIPPED_CLASSES.contains(&class))
}

/// The book sets a new term in italics. A name is linked to its documentation where it first
/// stands, and a sentence that begins with it explains it. In the source a sentence is a line.
fn is_introduced(element: ElementRef<'_>, before: &str) -> bool {
    let href = element.value().attr("href").unwrap_or_default();
    let is_documented = ["https://docs.rs/", "https://doc.rust-lang.org/"]
        .iter()
        .any(|site| href.starts_with(site));
    let parent = element.parent().and_then(ElementRef::wrap);
    let is_in_paragraph = parent.is_some_and(|parent| parent.value().name() == "p");
    let begins = before.is_empty() || before.ends_with('\n');
    element.value().name() == "em" || is_documented && is_in_paragraph && begins
}

fn plain(element: ElementRef<'_>) -> String {
    one_line(&element.text().collect::<String>())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(article: &str) -> Page {
        let html = format!("<main><article class=\"prose\">{article}</article></main>");
        Page::parse("waker/", &html).expect("a page")
    }

    fn blocks(section: &Section) -> Vec<(Kind, &str)> {
        let blocks = section.blocks.iter();
        blocks.map(|it| (it.kind, it.text.as_str())).collect()
    }

    #[test]
    fn headings_with_ids_cut_a_page_into_sections() {
        let page = page(
            "<h1>Wakers</h1><p>Who wakes\n whom.</p><h2 id=\"clone\"><a href=\"#clone\">Clone <code>it</code></a></h2>\
             <ul><li>One</li><li>Two <p>and three</p></li></ul><h2>Not a section</h2>",
        );
        assert_eq!(page.title, "Wakers");
        let [head, clone] = page.sections.as_slice() else {
            panic!("{:?}", page.sections)
        };
        assert_eq!((head.id.as_str(), head.level), ("", 1));
        assert_eq!(blocks(head), [(Kind::Prose, "Who wakes whom.")]);
        assert_eq!((clone.id.as_str(), clone.level), ("clone", 2));
        assert_eq!(clone.heading, "Clone it");
        let texts = ["One", "Two", "and three", "Not a section"];
        assert_eq!(blocks(clone), texts.map(|text| (Kind::Prose, text)));
    }

    #[test]
    fn a_card_is_a_section_of_its_own_and_the_one_around_it_goes_on() {
        let page = page(
            "<h1>Wakers</h1><h2 id=\"one\">One</h2><p>Before.</p>\
             <figure class=\"card pattern\" id=\"ask\"><figcaption>Pattern: <a href=\"#ask\">Ask</a></figcaption>\
             <dl><div><dt>Use</dt><dd>in doubt.</dd></div></dl></figure><p>After.</p><h2 id=\"two\">Two</h2>",
        );
        let [_, one, card, two] = page.sections.as_slice() else {
            panic!("{:?}", page.sections)
        };
        assert_eq!(
            blocks(one),
            ["Before.", "After."].map(|it| (Kind::Prose, it))
        );
        assert_eq!(
            (card.id.as_str(), card.heading.as_str()),
            ("ask", "Pattern: Ask")
        );
        assert_eq!(
            blocks(card),
            ["Use", "in doubt."].map(|it| (Kind::Prose, it))
        );
        assert_eq!(two.id, "two");
    }

    #[test]
    fn programs_messages_and_quizzes_are_told_apart() {
        let page = page(
            "<h1>Wakers</h1><p>A <code>Waker</code> wakes.</p>\
             <figure class=\"code\"><figcaption>Fix this program</figcaption>\
             <pre><code data-lang=\"rust\">use std::task::Wake;\n<b>fn</b> main() {\n}</code></pre></figure>\
             <pre><code data-lang=\"plain\">error: no waker</code></pre>\
             <quiz-card><p>Who?</p><details><pre><code data-lang=\"rust\">wake();</code></pre></details></quiz-card>",
        );
        assert_eq!(
            blocks(&page.sections[0]),
            [
                (Kind::Prose, "A `Waker` wakes."),
                (Kind::Code, "fn main() {"),
                (Kind::Prose, "error: no waker"),
                (Kind::Quiz, "Who?"),
                (Kind::Quiz, "wake();"),
            ]
        );
    }

    #[test]
    fn italics_documented_names_that_begin_a_sentence_and_messages_are_what_a_section_introduces() {
        let page = page(
            "<h1>Wakers</h1><p>A <em>waker</em> wakes.\n<a href=\"https://docs.rs/tokio/\"><code>Waker</code></a> \
             has one <a href=\"https://docs.rs/tokio/\"><code>wake</code></a>, <a href=\"/pin/\">pinned</a>.</p>\
             <table><tr><td><a href=\"https://docs.rs/tokio/\"><code>join!</code></a></td></tr></table><pre><code data-lang=\"plain\">error: no waker\n |</code></pre>",
        );
        assert_eq!(
            page.sections[0].terms,
            ["waker", "Waker", "error: no waker"]
        );
    }

    #[test]
    fn what_is_not_text_of_the_book_is_left_out() {
        let page = page(
            "<h1>Wakers</h1><ul class=\"facts\"><li>45 minutes</li></ul><svg><title>Lanes</title></svg>\
             <figure class=\"run\">step</figure><p>Text <button>Copy</button></p>",
        );
        assert_eq!(blocks(&page.sections[0]), [(Kind::Prose, "Text")]);
    }

    #[test]
    fn of_a_step_what_it_adds_is_found() {
        let page = page(
            "<h1>Wakers</h1><figure class=\"code step\"><pre><code data-lang=\"rust\"><del>lost();\n</del><mark>kept();\n</mark></code></pre>\
             <details><summary>9 lines as before</summary><pre><code data-lang=\"rust\">old();\n</code></pre></details></figure>",
        );
        assert_eq!(blocks(&page.sections[0]), [(Kind::Code, "kept();")]);
    }

    #[test]
    fn a_page_without_an_article_is_none() {
        assert_eq!(Page::parse("old/", "<p>Moved.</p>"), None);
    }
}
