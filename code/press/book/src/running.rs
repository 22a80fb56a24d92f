//! What paragraphs and list items say, line by line of the source.

use std::mem;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::page::{OPTIONS, Page, lines};

/// What a line of the source says, without markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub line: usize,
    /// Code stands between two backticks, a link between brackets, and shortcodes are as they are
    /// written.
    pub text: String,
}

/// The lines of all paragraphs and list items of a page, in order.
///
/// Headings, tables, code, HTML and the texts of pictures are neither. Bold text at the beginning
/// of a paragraph or an item is its label, `**Why.** Because`, and a line of its own here.
pub fn of_page(page: &Page) -> Vec<Line> {
    let masked = without_shortcodes(page);
    let line_at = lines(&masked);
    let mut said = Said::default();
    let (mut silent, mut is_label) = (0, false);
    for (event, range) in Parser::new_ext(&masked, OPTIONS).into_offset_iter() {
        match event {
            Event::Start(tag) if is_silent(tag.to_end()) => silent += 1,
            Event::End(tag) if is_silent(tag) => silent -= 1,
            _ if silent > 0 => {}
            Event::Start(Tag::Paragraph | Tag::Item) => said.begin(),
            Event::Start(Tag::Strong) => is_label |= said.is_first,
            Event::End(TagEnd::Strong) => said.is_apart |= mem::take(&mut is_label),
            Event::Start(Tag::Link { .. }) => said.say(line_at(range.start), "["),
            Event::End(TagEnd::Link) => said.say(line_at(range.end), "]"),
            Event::Text(_) => said.say(line_at(range.start), &page.text[range]),
            Event::Code(code) => {
                let code = format!("`{}`", code.replace('`', "'"));
                said.say(line_at(range.start), &code);
            }
            _ => {}
        }
    }
    said.lines
}

/// What has been said so far.
#[derive(Default)]
struct Said {
    lines: Vec<Line>,
    /// Whether what comes next is the first of a paragraph or an item.
    is_first: bool,
    /// Whether what comes next is apart from what stands before it on its line.
    is_apart: bool,
}

impl Said {
    fn begin(&mut self) {
        (self.is_first, self.is_apart) = (true, true);
    }

    fn say(&mut self, line: usize, text: &str) {
        let text = text.to_owned();
        match self.lines.last_mut() {
            Some(last) if last.line == line && !self.is_apart => last.text += &text,
            _ => self.lines.push(Line { line, text }),
        }
        (self.is_first, self.is_apart) = (false, false);
    }
}

fn is_silent(tag: TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::Heading(_) | TagEnd::Table | TagEnd::CodeBlock | TagEnd::Image
    )
}

/// The page without its code blocks, and each shortcode as one long word: byte for byte.
fn without_shortcodes(page: &Page) -> String {
    let mut text = page.without_code();
    let mut from = 0;
    while let Some(at) = text[from..].find("{{").map(|at| from + at) {
        let line = text[at..].lines().next().unwrap_or_default();
        let length = line.find("}}").map_or(2, |end| end + 2);
        text.replace_range(at..at + length, &"x".repeat(length));
        from = at + length;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::of_page;
    use crate::parse;

    /// The lines of a text, with what they say.
    #[track_caller]
    fn says(text: &str, expected: &[(usize, &str)]) {
        let found = of_page(&parse("content/a.md", text.to_owned()));
        let found: Vec<_> = found
            .iter()
            .map(|line| (line.line, line.text.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_line_is_said_without_markup() {
        says(
            "A *task* [waits](@/a.md \"x. Y\").\nIt is `a.b()`, ``a`b``, <b>C</b>.\n",
            &[(1, "A task [waits]."), (2, "It is `a.b()`, `a'b`, C.")],
        );
        says(
            "> One,\n> two.\n\n- three\n  - four\n\n1. [ ] five\n\n   six\n",
            &[
                (1, "One,"),
                (2, "two."),
                (4, "three"),
                (5, "four"),
                (7, "five"),
                (9, "six"),
            ],
        );
    }

    #[test]
    fn a_label_is_a_line_of_its_own() {
        says(
            "- **Why.** It **waits.** Then\n\n**2.** `drop`\n",
            &[
                (1, "Why."),
                (1, " It waits. Then"),
                (3, "2."),
                (3, " `drop`"),
            ],
        );
    }

    #[test]
    fn shortcodes_are_not_read_as_markdown() {
        says(
            "It is {{ later(chapter=3, text=\"*a*. B\") }}, é {{ x.\n",
            &[(1, "It is {{ later(chapter=3, text=\"*a*. B\") }}, é {{ x.")],
        );
    }

    #[test]
    fn what_is_no_paragraph_says_nothing() {
        says(
            "+++\ntitle = \"A. B\"\n+++\n## A. B\n\n| A. B |\n| --- |\n| C. D |\n\n```text\nA. B\n```\n\n<p>\nA. B\n</p>\n\n![A. B](c.svg)\n",
            &[],
        );
    }
}
