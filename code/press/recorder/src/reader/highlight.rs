//! Colors a program as the book's pages do: `<b>` keyword, `<em>` .await, `<i>` comment,
//! `<u>` string, `<var>` number, `<span>` type.

use std::ops::Range;
use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};

const KEYWORDS: [&str; 37] = [
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
    "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use",
    "where", "while",
];

/// The lines of a program as HTML, each in a `<span class="l">` that ends with its line break.
pub fn lines(source: &str) -> String {
    let pieces = pieces(source);
    let mut pieces = pieces.iter().peekable();
    let mut html = String::new();
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        let end = start + line.len();
        html.push_str("<span class=\"l\">");
        let mut at = start;
        while let Some((bytes, tag)) = pieces.peek() {
            let from = bytes.start.max(at);
            let to = bytes.end.min(end);
            if from >= end {
                break;
            }
            html.push_str(&escape(&source[at..from]));
            html.push_str(&format!("<{tag}>{}</{tag}>", escape(&source[from..to])));
            at = to;
            if bytes.end > end {
                break; // it goes on in the next line
            }
            pieces.next();
        }
        html.push_str(&escape(&source[at..end]));
        html.push_str("</span>");
        start = end;
    }
    html
}

/// What is colored, from start to end.
fn pieces(source: &str) -> Vec<(Range<usize>, &'static str)> {
    let mut tokens = Vec::new();
    if let Ok(stream) = TokenStream::from_str(source) {
        collect(stream, &mut tokens);
    }
    let mut pieces = Vec::new();
    let mut end = 0;
    for (bytes, tag) in tokens {
        // A doc comment is several tokens with one place.
        if bytes.start < end {
            continue;
        }
        comments(source, end..bytes.start, &mut pieces);
        end = bytes.end;
        let is_comment = ["//", "/*"]
            .iter()
            .any(|start| source[bytes.clone()].starts_with(start));
        if let Some(tag) = if is_comment { Some("i") } else { tag } {
            pieces.push((bytes, tag));
        }
    }
    comments(source, end..source.len(), &mut pieces);
    pieces
}

fn collect(stream: TokenStream, tokens: &mut Vec<(Range<usize>, Option<&'static str>)>) {
    for token in stream {
        let bytes = token.span().byte_range();
        match token {
            TokenTree::Group(group) => {
                tokens.push((group.span_open().byte_range(), None));
                collect(group.stream(), tokens);
                tokens.push((group.span_close().byte_range(), None));
            }
            TokenTree::Ident(name) => {
                let name = name.to_string();
                let tag = match name.as_str() {
                    "await" => Some("em"),
                    word if KEYWORDS.contains(&word) => Some("b"),
                    word if word.starts_with(char::is_uppercase) => Some("span"),
                    _ => None,
                };
                tokens.push((bytes, tag));
            }
            TokenTree::Literal(literal) => {
                let is_number = literal
                    .to_string()
                    .starts_with(|c: char| c.is_ascii_digit());
                tokens.push((bytes, Some(if is_number { "var" } else { "u" })));
            }
            TokenTree::Punct(_) => tokens.push((bytes, None)),
        }
    }
}

/// Between two tokens stands space, and maybe a comment.
fn comments(source: &str, gap: Range<usize>, pieces: &mut Vec<(Range<usize>, &'static str)>) {
    let text = &source[gap.clone()];
    let trimmed = text.trim();
    if !trimmed.is_empty() {
        let start = gap.start + (text.len() - text.trim_start().len());
        pieces.push((start..start + trimmed.len(), "i"));
    }
}

/// A text between tags or in an attribute.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of some HTML.
    fn text(html: &str) -> String {
        let root = format!("<p>{html}</p>");
        let document = roxmltree::Document::parse(&root).unwrap();
        let texts = document.descendants().filter(|node| node.is_text());
        texts.filter_map(|node| node.text()).collect()
    }

    #[test]
    fn no_letter_is_lost_and_each_line_is_whole() {
        let source =
            "/// A & B\nfn a<T>() { /* two\n lines */ let x = \"q\n<r>\"; b().await; } // end";
        let html = lines(source);
        assert_eq!(text(&html), source);
        assert_eq!(html.matches("class=\"l\"").count(), 4);
        for piece in [
            "<b>fn</b>",
            "<em>await</em>",
            "<i>// end</i>",
            "<i>/// A &amp; B</i>",
        ] {
            assert!(html.contains(piece), "{piece}: {html}");
        }
    }
}
