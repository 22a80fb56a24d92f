//! The pages, and the headings, links and code blocks that stand in each.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd};

/// What Zola reads besides CommonMark.
pub const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_HEADING_ATTRIBUTES)
    .union(Options::ENABLE_GFM)
    .union(Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS);

/// A Markdown file of the book.
#[derive(Debug, Default)]
pub struct Page {
    /// From the root of the repository, with `/`: `content/part1-foundations/ch01-….md`.
    pub path: String,
    /// The whole file, without the mark of byte order that an editor may have put first.
    pub text: String,
    /// What stands between the `+++` lines; it begins on line 2.
    pub front_matter: Option<String>,
    /// Where the text begins that follows it, as bytes.
    pub body: usize,
    /// Every heading, in order.
    pub headings: Vec<Heading>,
    /// Every fenced code block, in order.
    pub blocks: Vec<Block>,
    /// Every link and image, in order.
    pub links: Vec<Link>,
    /// Every text that is neither code nor HTML, with its line.
    pub prose: Vec<(usize, String)>,
    /// Every piece of running text in which a link may stand, in order.
    pub spans: Vec<Span>,
}

/// A piece of running text, outside headings, code blocks, HTML and quizzes, whose options become buttons.
#[derive(Debug, Clone)]
pub struct Span {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Where it stands in the file, as bytes; with its backticks, if it has them.
    pub range: Range<usize>,
    /// What it says.
    pub text: String,
    /// Whether it is in code font.
    pub is_code: bool,
    /// Whether it is in italics.
    pub is_emphasis: bool,
    /// Where the link leads in which it stands.
    pub link: Option<String>,
}

/// `## Title {#id}`
#[derive(Debug, Clone)]
pub struct Heading {
    /// Its line in the file, from 1.
    pub line: usize,
    /// 1 to 6.
    pub level: u8,
    /// Without markup.
    pub title: String,
    /// As written between `{#` and `}`.
    pub id: Option<String>,
}

/// A fenced code block.
#[derive(Debug, Clone)]
pub struct Block {
    /// The file that it stands in.
    pub path: String,
    /// The line of the fence, from 1; the code begins on the next.
    pub line: usize,
    /// What follows the fence: `rust,should_panic=1`.
    pub info: String,
    /// What stands between the fences.
    pub code: String,
    /// Where the code stands in the file, as bytes.
    pub range: Range<usize>,
    /// The id (or else the title) of the heading above it.
    pub heading: String,
}

/// A link or an image.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Where it leads.
    pub to: String,
    /// Whether it is an image.
    pub image: bool,
}

impl Page {
    /// The text with its front matter and code blocks blanked out, byte for byte.
    pub fn without_code(&self) -> String {
        let mut bytes = self.text.clone().into_bytes();
        let blocks = self.blocks.iter().map(|block| block.range.clone());
        for range in blocks.chain(std::iter::once(0..self.body)) {
            for byte in &mut bytes[range] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        String::from_utf8(bytes).expect("whole blocks were blanked, so whole characters")
    }
}

impl Block {
    /// The first word of the fence.
    pub fn language(&self) -> &str {
        self.info.split([',', ' ']).next().unwrap_or_default()
    }

    /// The words after the language, at each `=`: `("run", "ch01-two-sleeps")`.
    pub fn options(&self) -> impl Iterator<Item = (&str, &str)> {
        let words = self.info.split(',').skip(1);
        words.map(|word| word.trim().split_once('=').unwrap_or((word.trim(), "")))
    }

    /// The value of an option of the fence.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// `content/part1-foundations/ch01-….md:57: blocking-io`
    pub fn name(&self) -> String {
        format!("{}:{}: {}", self.path, self.line, self.heading)
    }
}

/// Reads README.md and every Markdown file below content/, but for translations.
/// A file that cannot be read is an `Err` with its path and the reason.
pub fn read(root: &Path) -> Vec<Result<Page, (String, String)>> {
    let mut files = vec![root.join("README.md")];
    markdown_below(&root.join("content"), &mut files);
    files.retain(|file| file.is_file() && !is_translation(file));
    files.sort();
    files.iter().map(|file| read_page(root, file)).collect()
}

/// Reads the translations below content/: `ch01-….de.md` is one of `ch01-….md`, with its programs.
pub fn translations(root: &Path) -> Vec<Result<Page, (String, String)>> {
    let mut files = Vec::new();
    markdown_below(&root.join("content"), &mut files);
    files.retain(|file| is_translation(file));
    files.sort();
    files.iter().map(|file| read_page(root, file)).collect()
}

fn is_translation(file: &Path) -> bool {
    file.file_stem()
        .is_some_and(|stem| stem.to_string_lossy().contains('.'))
}

fn markdown_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            markdown_below(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
}

fn read_page(root: &Path, file: &Path) -> Result<Page, (String, String)> {
    let path = file.strip_prefix(root).unwrap_or(file);
    let path = path.to_string_lossy().replace('\\', "/");
    let bytes = fs::read(file).map_err(|error| (path.clone(), error.to_string()))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(parse(&path, text)),
        Err(error) => {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            Err((path, format!("line {line} is not UTF-8")))
        }
    }
}

/// Finds the parts of a page, which it reads as Zola does.
pub fn parse(path: &str, mut text: String) -> Page {
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    let mut page = Page {
        path: path.into(),
        ..Page::default()
    };
    let line_at = lines(&text);
    let mut inside = Inside::Prose;
    let (mut link, mut is_emphasis, mut is_quiz) = (None, false, false);
    for (event, range) in Parser::new_ext(&text, OPTIONS).into_offset_iter() {
        match &event {
            Event::Start(Tag::Link { dest_url, .. }) => link = Some(dest_url.to_string()),
            Event::End(TagEnd::Link) => link = None,
            Event::Start(Tag::Emphasis) => is_emphasis = true,
            Event::End(TagEnd::Emphasis) => is_emphasis = false,
            Event::Html(html) if html.starts_with("<quiz-card") => is_quiz = true,
            Event::Html(html) if html.starts_with("</quiz-card") => is_quiz = false,
            Event::Text(text) | Event::Code(text)
                if matches!(inside, Inside::Prose) && !is_quiz =>
            {
                page.spans.push(Span {
                    line: line_at(range.start),
                    range: range.clone(),
                    text: text.to_string(),
                    is_code: matches!(event, Event::Code(_)),
                    is_emphasis,
                    link: link.clone(),
                });
            }
            _ => {}
        }
        match event {
            Event::Start(Tag::MetadataBlock(_)) => {
                let line = text[range.end..]
                    .find('\n')
                    .map_or(text.len(), |at| range.end + at + 1);
                page.body = line;
                inside = Inside::FrontMatter(String::new());
            }
            Event::Start(Tag::Heading { level, id, .. }) => {
                inside = Inside::Heading(Heading {
                    line: line_at(range.start),
                    level: level as u8,
                    title: String::new(),
                    id: id.map(CowStr::into_string),
                });
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                inside = Inside::Block(Block {
                    path: path.into(),
                    line: line_at(range.start),
                    info: info.into_string(),
                    code: String::new(),
                    range,
                    heading: page.headings.last().map_or_else(
                        || "top".into(),
                        |heading| heading.id.clone().unwrap_or_else(|| heading.title.clone()),
                    ),
                });
            }
            Event::Start(Tag::Link { dest_url, .. }) => page.links.push(Link {
                line: line_at(range.start),
                to: dest_url.into_string(),
                image: false,
            }),
            Event::Start(Tag::Image { dest_url, .. }) => page.links.push(Link {
                line: line_at(range.start),
                to: dest_url.into_string(),
                image: true,
            }),
            Event::Text(text) | Event::Code(text) if !matches!(inside, Inside::Prose) => {
                inside.push(&text);
            }
            Event::Text(text) => page.prose.push((line_at(range.start), text.into_string())),
            Event::End(TagEnd::MetadataBlock(_) | TagEnd::Heading(_) | TagEnd::CodeBlock) => {
                match std::mem::replace(&mut inside, Inside::Prose) {
                    Inside::Prose => {}
                    Inside::FrontMatter(all) => page.front_matter = Some(all),
                    Inside::Heading(heading) => page.headings.push(heading),
                    Inside::Block(block) => page.blocks.push(block),
                }
            }
            _ => {}
        }
    }
    page.text = text;
    page
}

/// What the text that comes next belongs to.
enum Inside {
    Prose,
    FrontMatter(String),
    Heading(Heading),
    Block(Block),
}

impl Inside {
    fn push(&mut self, text: &str) {
        match self {
            Inside::Prose => {}
            Inside::FrontMatter(all) => all.push_str(text),
            Inside::Heading(heading) => heading.title.push_str(text),
            Inside::Block(block) => block.code.push_str(text),
        }
    }
}

/// Gives the line, from 1, of a byte.
pub fn lines(text: &str) -> impl Fn(usize) -> usize + use<> {
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    move |byte| ends.partition_point(|end| *end < byte) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_blocks_inside_html_lists_and_quotes() {
        let text = "\
+++
title = \"t\"
+++
## One {#one}

<quiz-card answer=\"1\">

<details>
<summary>Answer</summary>

```rust
fn main() {}
```

</details>

</quiz-card>

- [ ] <details>

  ```rust,no_run=1,hl_lines=1-2 4
  fn listed() {}
  ```

> ```rust
> fn quoted() {}
> ```
";
        let page = parse("content/a.md", text.into());
        let found: Vec<_> = page
            .blocks
            .iter()
            .map(|block| (block.line, block.code.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (11, "fn main() {}\n"),
                (21, "fn listed() {}\n"),
                (25, "fn quoted() {}\n")
            ]
        );
        assert_eq!(page.front_matter.as_deref(), Some("title = \"t\"\n"));
        assert_eq!(page.blocks[0].name(), "content/a.md:11: one");
        assert_eq!(page.blocks[1].option("hl_lines"), Some("1-2 4"));
        assert_eq!(page.blocks[1].language(), "rust");
    }

    #[test]
    fn running_text_knows_its_place_font_and_link() {
        let text = "\
# A heading

A [*task*](@/glossary.md#task) calls `wake`.

<quiz-card answer=\"1\">

Who waits?

</quiz-card>

```rust
fn main() {}
```
";
        let page = parse("content/a.md", text.into());
        let found: Vec<_> = page
            .spans
            .iter()
            .map(|span| {
                assert_eq!(span.line, 3);
                (&text[span.range.clone()], span.text.as_str(), span.is_code)
            })
            .collect();
        assert_eq!(
            found,
            [
                ("A ", "A ", false),
                ("task", "task", false),
                (" calls ", " calls ", false),
                ("`wake`", "wake", true),
                (".", ".", false)
            ]
        );
        assert_eq!(page.spans[1].link.as_deref(), Some("@/glossary.md#task"));
        assert!(page.spans[1].is_emphasis && !page.spans[2].is_emphasis);
    }

    #[test]
    fn every_editor_saves_the_same_page() {
        let text = "+++\ntitle = \"t\"\n+++\n## One\n\n~~~rust,run=x\nfn main() {\n}\n~~~~\n\n> ```rust\n> fn main() {}\n> ```\n";
        let page = parse("content/a.md", text.into());
        let codes = |page: &Page| {
            let blocks = page.blocks.iter();
            let codes = blocks.map(|block| (block.line, block.code.clone(), block.info.clone()));
            codes.collect::<Vec<_>>()
        };
        assert_eq!(
            codes(&page)[0],
            (6, "fn main() {\n}\n".into(), "rust,run=x".into())
        );
        assert_eq!(
            codes(&page)[1],
            (11, "fn main() {}\n".into(), "rust".into())
        );
        for text in [
            text.replace('\n', "\r\n"),
            format!("\u{feff}{text}"),
            format!("\u{feff}{}", text.replace('\n', "\r\n")),
        ] {
            let other = parse("content/a.md", text);
            assert_eq!(codes(&other), codes(&page));
            let front = other.front_matter.unwrap();
            assert_eq!(front.trim_end(), "title = \"t\"");
            assert!(other.text[other.body..].trim_start().starts_with("## One"));
        }
        let page = parse("content/_index.md", "+++\ntitle = \"t\"\n+++".into());
        assert_eq!(page.front_matter.as_deref(), Some("title = \"t\"\n"));
    }
}
