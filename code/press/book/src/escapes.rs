//! Code that readers would see, and that nobody would prove; and what Markdown does not see as
//! what it was meant for.

use pulldown_cmark::{BrokenLink, CodeBlockKind, Event, LinkType, Parser, Tag};

use crate::page::{OPTIONS, Page, lines};

/// What is wrong on a line, and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escape {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: &'static str,
}

/// All of a page, by line.
pub fn of_page(page: &Page) -> Vec<Escape> {
    let mut escapes = unseen(page);
    escapes.extend(unclosed(page));
    escapes.extend(markup(page));
    escapes.extend(shortcodes(page));
    escapes.sort_by_key(|escape| escape.line);
    escapes
}

/// Lines that look like fences, outside code blocks.
fn unseen(page: &Page) -> Vec<Escape> {
    let text = page.without_code();
    let lines = text.lines().enumerate();
    let fences = lines.filter(|(_, line)| {
        let line = line.trim_start_matches([' ', '\t', '>']);
        line.starts_with("```") || line.starts_with("~~~")
    });
    let escape = |(line, text): (usize, &str)| Escape {
        line: line + 1,
        what: format!("`{}` is no fence for Markdown", text.trim()),
        fix: "leave an empty line above it if HTML stands there, and indent it as the text around it",
    };
    fences.map(escape).collect()
}

/// Fences without their end.
fn unclosed(page: &Page) -> Vec<Escape> {
    let blocks = page.blocks.iter().filter(|block| {
        let text = &page.text[block.range.clone()];
        let mut lines = text.lines();
        let opening = lines.next().unwrap_or_default();
        let fence = opening.trim_start_matches(['`', '~']);
        let fence = &opening[..opening.len() - fence.len()];
        let last = lines.next_back().unwrap_or_default();
        let last = last.trim_start_matches([' ', '\t', '>']).trim_end();
        !(last.starts_with(fence) && last.trim_start_matches(&fence[..1]).is_empty())
    });
    blocks
        .map(|block| Escape {
            line: block.line,
            what: "an unclosed fence: all that follows is in the block".into(),
            fix: "close it with as many backticks as it begins with, on a line of their own",
        })
        .collect()
}

/// Indented code, code in raw HTML, and references without a definition.
fn markup(page: &Page) -> Vec<Escape> {
    let line_at = lines(&page.text);
    let mut undefined = Vec::new();
    let mut note = |link: BrokenLink<'_>| {
        // `[1]` is text; a name in backticks was meant to lead somewhere.
        let is_meant = match link.link_type {
            LinkType::Reference | LinkType::Collapsed => true,
            _ => link.reference.starts_with('`'),
        };
        if is_meant {
            undefined.push((link.span.start, link.reference.to_string()));
        }
        None
    };
    let mut escapes = Vec::new();
    let parser = Parser::new_with_broken_link_callback(&page.text, OPTIONS, Some(&mut note));
    for (event, range) in parser.into_offset_iter() {
        let line = line_at(range.start);
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => escapes.push(Escape {
                line,
                what: "an indented code block, which is not proved".into(),
                fix: "put it between fences, or indent it less if it is no code",
            }),
            Event::Html(html) | Event::InlineHtml(html)
                if html.to_ascii_lowercase().contains("<pre") =>
            {
                escapes.push(Escape {
                    line,
                    what: "code in raw HTML, which is not proved".into(),
                    fix: "put it between fences",
                });
            }
            _ => {}
        }
    }
    escapes.extend(undefined.into_iter().map(|(at, name)| Escape {
        line: line_at(at),
        what: format!("the reference [{name}] has no definition"),
        fix: "define it at the end of the file, `[name]: address`",
    }));
    escapes
}

/// Shortcodes without their end, which Zola shows as they stand.
fn shortcodes(page: &Page) -> Vec<Escape> {
    let text = page.without_code();
    let mut escapes = Vec::new();
    for (line, text) in text.lines().enumerate() {
        for (opening, closing) in [("{{", "}}"), ("{%", "%}")] {
            for call in text.split(opening).skip(1) {
                let name = call.trim_start();
                let rest = name
                    .trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
                if rest.len() == name.len() || !rest.trim_start().starts_with('(') {
                    continue;
                }
                let end = call.split_once(closing).map(|(call, _)| call.trim_end());
                if !end.is_some_and(|call| call.ends_with(')')) {
                    escapes.push(Escape {
                        line: line + 1,
                        what: format!("a shortcode without its end: `{opening} {}`", name.trim()),
                        fix: "end it in its line, `) }}`",
                    });
                }
            }
        }
    }
    escapes
}

#[cfg(test)]
mod tests {
    use super::of_page;
    use crate::parse;

    /// The lines and the beginnings of what is found.
    #[track_caller]
    fn finds(text: &str, expected: &[(usize, &str)]) {
        let page = parse("content/a.md", text.to_owned());
        let found = of_page(&page);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (escape, (line, what)) in found.iter().zip(expected) {
            assert!(
                escape.line == *line && escape.what.contains(what),
                "{escape:?}"
            );
        }
    }

    #[test]
    fn code_that_is_not_in_a_fence_is_named() {
        finds("Text\n\n    fn main() {}\n", &[(3, "indented")]);
        finds("<pre>fn main() {}</pre>\n", &[(1, "raw HTML")]);
        finds("a <pre>x</pre>\n", &[(1, "raw HTML")]);
        finds(
            "<details>\n<summary>A</summary>\n```rust\nfn main() {}\n```\n</details>\n",
            &[(3, "is no fence"), (5, "is no fence")],
        );
        finds(
            "- one\n\n      ```rust\n      fn main() {}\n      ```\n",
            &[(3, "is no fence"), (3, "indented"), (5, "is no fence")],
        );
    }

    #[test]
    fn a_fence_without_its_end_is_named() {
        finds("```rust\nfn main() {}\n", &[(1, "unclosed")]);
        finds("````rust\nfn main() {}\n```\n", &[(1, "unclosed")]);
        finds("> ```rust\n> fn main() {}\n\nText\n", &[(1, "unclosed")]);
        finds("```rust", &[(1, "unclosed")]);
        finds("```rust\n```\n", &[]);
        finds("```rust\nfn main() {}\n`````\n", &[]);
        finds("> ~~~rust\n> fn main() {}\n> ~~~\n", &[]);
        finds("- a\n\n  ```rust\n  fn main() {}\n  ```\n", &[]);
        finds("```rust\r\nfn main() {}\r\n```\r\n", &[]);
    }

    #[test]
    fn what_leads_nowhere_is_named() {
        finds(
            "A [name][of] and [`spawn`].\n",
            &[(1, "[of]"), (1, "[`spawn`]")],
        );
        finds("A [name] and [`spawn`].\n\n[`spawn`]: https://a.b\n", &[]);
        finds("> [!NOTE]\n> Text\n\n- [ ] A task\n", &[]);
    }

    #[test]
    fn a_shortcode_without_its_end_is_named() {
        finds(
            "Text\n\n{{ listing(file=\"a\" }}\n",
            &[(3, "a shortcode without its end")],
        );
        finds(
            "{{ listing(file=\"a\")\n",
            &[(1, "a shortcode without its end")],
        );
        finds("{{ listing(file=\"a\") }} and `{{ x }}`\n", &[]);
    }
}
