//! The text of a page, written as XML that is HTML too.

use anyhow::Result;
use scraper::node::Node;
use scraper::{ElementRef, Selector};

use crate::book::{Book, Page, selector};
use crate::tokens::Tokens;

/// What only a browser can use, and ornaments that say nothing.
const LEFT_OUT: &str = "copy-code, run-code, .run-bar, .start, .part-lane, svg[aria-hidden], \
                        .code > figcaption > a, .facts > li:has(a)";
/// Elements whose content is read as if they were not there: a heading need not lead to itself.
const OPENED: &str = "h2 > a[href^='#'], h3 > a[href^='#'], h4 > a[href^='#']";
/// Elements without content. All others are written with an end, which HTML needs.
const VOID: [&str; 7] = ["br", "col", "hr", "img", "input", "source", "wbr"];
/// Attributes for scripts.
const FOR_SCRIPTS: [&str; 3] = ["answer", "tabindex", "src"];

/// What the text is written for.
pub enum Medium<'a> {
    /// A file a page, for programs that know neither custom elements nor variables.
    Epub(&'a Tokens),
}

/// Writes the text of a page.
pub fn write(book: &Book, page: &Page, medium: &Medium<'_>) -> Result<String> {
    let writer = Writer {
        book,
        page,
        medium,
        left_out: selector(LEFT_OUT),
        opened: selector(OPENED),
    };
    writer.element(page.article())
}

/// Text as XML has it.
pub fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

struct Writer<'a> {
    book: &'a Book,
    page: &'a Page,
    medium: &'a Medium<'a>,
    left_out: Selector,
    opened: Selector,
}

impl Writer<'_> {
    fn element(&self, element: ElementRef<'_>) -> Result<String> {
        if self.left_out.matches(&element) {
            return Ok(String::new());
        }
        let content = self.content(element)?;
        let name = element.value().name();
        let is_bare = name == "figcaption" && content.trim().is_empty();
        if self.opened.matches(&element) || is_bare {
            return Ok(content);
        }
        // The elements of our scripts are known to the site alone.
        let (name, class) = match self.medium {
            Medium::Epub(_) if name.contains('-') => ("div", Some(name)),
            Medium::Epub(_) => (name, None),
        };
        let attributes = self.attributes(element, class)?;
        Ok(if VOID.contains(&name) {
            format!("<{name}{attributes}/>")
        } else {
            format!("<{name}{attributes}>{content}</{name}>")
        })
    }

    fn content(&self, element: ElementRef<'_>) -> Result<String> {
        let mut content = String::new();
        for child in element.children() {
            match child.value() {
                Node::Text(text) => content.push_str(&escaped(text)),
                Node::Element(_) => {
                    let child = ElementRef::wrap(child).expect("an element");
                    content.push_str(&self.element(child)?);
                }
                _ => {}
            }
        }
        Ok(content)
    }

    fn attributes(&self, element: ElementRef<'_>, class: Option<&str>) -> Result<String> {
        let class = class.map(|class| ("class", class));
        let mut written = String::new();
        for (name, value) in class.into_iter().chain(element.value().attrs()) {
            if !FOR_SCRIPTS.contains(&name) {
                let value = escaped(&self.value(name, value)?);
                written.push_str(&format!(" {name}=\"{value}\""));
            }
        }
        Ok(written)
    }

    fn value(&self, name: &str, value: &str) -> Result<String> {
        let Medium::Epub(tokens) = self.medium;
        match name {
            "href" => Ok(self.link(value)),
            "fill" | "stroke" => tokens.resolve(value),
            _ => Ok(value.to_owned()),
        }
    }

    /// Where a link leads: within the book if the book has its target, else to the site.
    fn link(&self, to: &str) -> String {
        let (address, id) = to.split_once('#').unwrap_or((to, ""));
        let page = match address.strip_prefix(&self.book.base) {
            None if address.is_empty() => Some(self.page),
            None => None,
            Some("" | "/") => return self.address(None, ""),
            Some(below) => self.book.page(below.trim_matches('/')),
        };
        match page {
            None => to.to_owned(),
            Some(page) if page.ids.contains(id) => self.address(Some(page), id),
            Some(page) => self.address(Some(page), ""),
        }
    }

    fn address(&self, page: Option<&Page>, id: &str) -> String {
        let Medium::Epub(_) = self.medium;
        let name = page.map_or("title", |page| &page.name);
        let mark = if id.is_empty() { "" } else { "#" };
        format!("{name}.xhtml{mark}{id}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Medium, escaped, write};
    use crate::book::{Book, fixture};
    use crate::tokens::Tokens;

    const TOKENS: &str = "--paper: light-dark(#fff, #000);";

    #[track_caller]
    fn becomes(article: &str, expected: &str) {
        let book = fixture(article);
        let tokens = Tokens::parse(TOKENS);
        let written = write(&book, page(&book), &Medium::Epub(&tokens)).unwrap();
        assert_eq!(written, format!("<article>{expected}</article>"));
    }

    fn page(book: &Book) -> &crate::Page {
        book.page("waker").unwrap()
    }

    #[test]
    fn text_is_xml() {
        becomes(
            "<p title='\"a\"'>1 &lt; 2 &amp;&amp;&nbsp;3<br>4</p><p></p>",
            "<p title=\"&quot;a&quot;\">1 &lt; 2 &amp;&amp;\u{a0}3<br/>4</p><p></p>",
        );
        assert_eq!(escaped("a<b>"), "a&lt;b&gt;");
    }

    #[test]
    fn what_only_a_browser_can_use_is_left_out() {
        becomes(
            "<figure class=code><figcaption> <a href=x>Fix this program</a><copy-code></copy-code>\
             </figcaption><pre tabindex=0>x</pre></figure>",
            "<figure class=\"code\"> <pre>x</pre></figure>",
        );
        becomes(
            "<quiz-card answer=2><p>Who?</p><details><summary>Answer</summary>You.</details></quiz-card>",
            "<div class=\"quiz-card\"><p>Who?</p>\
             <details><summary>Answer</summary>You.</details></div>",
        );
    }

    #[test]
    fn drawings_keep_their_case_and_lose_their_variables() {
        becomes(
            "<svg viewBox=\"0 0 1 1\"><path fill=\"var(--paper)\" d=\"M0 0\"/></svg>",
            "<svg viewBox=\"0 0 1 1\"><path d=\"M0 0\" fill=\"#fff\"></path></svg>",
        );
    }

    #[test]
    fn links_lead_to_files_of_the_book_or_to_the_site() {
        let base = "https://example.org/book";
        becomes(
            &format!(
                "<h2 id=clone><a href=\"#clone\">Clone</a></h2><a href=\"{base}/waker/#clone\">1</a>\
                 <a href=\"{base}/waker/#gone\">2</a><a href=\"{base}/\">3</a>\
                 <a href=\"{base}/atom.xml\">4</a><a href=\"https://docs.rs/#x\">5</a>"
            ),
            &format!(
                "<h2 id=\"clone\">Clone</h2><a href=\"waker.xhtml#clone\">1</a>\
                 <a href=\"waker.xhtml\">2</a><a href=\"title.xhtml\">3</a>\
                 <a href=\"{base}/atom.xml\">4</a><a href=\"https://docs.rs/#x\">5</a>"
            ),
        );
    }
}
