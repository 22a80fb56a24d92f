//! What shortcodes and recorded runs show, in Markdown. Their HTML stands in `templates/shortcodes/`.

use anyhow::{Context, Result, bail};
use book::listing::comment;
use toml::{Table, Value};
use xshell::Shell;

use super::body::Address;
use crate::outline;
use crate::pages::{Page, read, text, words};

/// A pattern or an anti-pattern of the page's front matter.
pub fn card(shell: &Shell, page: &Page, arguments: &Table) -> Result<String> {
    let id = argument(arguments, "id")?;
    let words = words(shell, &page.language)?;
    for list in ["patterns", "anti_patterns"] {
        if let Some(card) = page.cards(list).find(|card| text(card, "id") == id) {
            return Ok(card_of(&words, list, card));
        }
    }
    bail!("the front matter has no card {id}")
}

/// A card of one of the two lists.
pub fn card_of(words: &Table, list: &str, card: &Table) -> String {
    let (kind, rows) = match list {
        "patterns" => ("pattern", [("use", "card_use"), ("not", "card_not")]),
        _ => ("anti_pattern", [("harm", "card_harm"), ("fix", "card_fix")]),
    };
    let mut said = format!("> **{}: {}.**", text(words, kind), text(card, "title"));
    for (key, name) in rows {
        said += &format!("\n> *{}:* {}", text(words, name), sentence(text(card, key)));
    }
    said
}

/// With a full stop.
fn sentence(text: &str) -> String {
    let end = if text.ends_with(['.', '?']) { "" } else { "." };
    format!("{text}{end}")
}

/// The command that fetches the book's repository.
pub fn clone(shell: &Shell) -> Result<String> {
    let config = read(shell, "config.toml")?;
    let extra = config.get("extra").and_then(Value::as_table);
    let extra = extra.context("config.toml has no [extra]")?;
    let command = format!("$ git clone {} book && cd book", text(extra, "repository"));
    Ok(fenced("console", &command))
}

/// A link to a chapter that stands, or its plain text.
pub fn later(shell: &Shell, address: Address<'_>, arguments: &Table) -> Result<String> {
    let number = arguments.get("chapter").and_then(Value::as_integer);
    let number = number.context("`later` lacks the argument `chapter`")?;
    let chapter = outline::find_chapter(shell, &number.to_string())?;
    let text = argument(arguments, "text")?;
    let file = chapter.file();
    if address(&file).is_none() {
        return Ok(text.to_owned());
    }
    let id = arguments.get("id").and_then(Value::as_str);
    let id = id.map_or(String::new(), |id| format!("#{id}"));
    Ok(format!("[{text}](@/{file}{id})"))
}

/// A program that the compiler refuses, and its message.
pub fn anti_pattern(shell: &Shell, arguments: &Table) -> Result<String> {
    let file = format!("tests/anti_patterns/{}", argument(arguments, "name")?);
    let program = shell.read_file(format!("{file}.rs"))?;
    let message = shell.read_file(format!("{file}.stderr"))?;
    Ok(format!(
        "Does not compile (`{file}.rs`):\n\n{}\n\n{}",
        fenced("rust", &program),
        fenced("text", &message)
    ))
}

/// A file, or a part of it.
pub fn listing(shell: &Shell, arguments: &Table) -> Result<String> {
    let file = argument(arguments, "file")?;
    let source = shell.read_file(file)?;
    let comment = comment(file);
    let language = match file.rsplit('.').next() {
        Some(kind @ ("lua" | "sql")) => kind,
        Some("py") => "python",
        _ => "rust",
    };
    let code = match arguments.get("part").and_then(Value::as_str) {
        Some(part) => book::listing::part(file, &source, part)
            .with_context(|| format!("{file} has no part {part}"))?,
        None => source.as_str(),
    };
    let lines = code.lines().filter(|line| {
        let said = line.trim_start().strip_prefix(comment).unwrap_or("");
        !said.starts_with("ANCHOR: ") && !said.starts_with("ANCHOR_END: ")
    });
    let lines: Vec<&str> = lines.collect();
    let said = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = said.map(|line| line.len() - line.trim_start().len()).min();
    let outdented = lines
        .iter()
        .map(|line| line.get(indent.unwrap_or(0)..).unwrap_or(""));
    let code = outdented.collect::<Vec<_>>().join("\n");
    Ok(format!("`{file}`:\n\n{}", fenced(language, &code)))
}

/// What a benchmark has written into a Markdown file.
pub fn report(shell: &Shell, arguments: &Table) -> Result<String> {
    let file = argument(arguments, "file")?;
    let text = shell.read_file(file)?;
    let written = text.split_once("<!-- written by ").and_then(|(_, rest)| {
        let (written, _) = rest.split_once("<!-- end ")?;
        written.split_once(" -->")
    });
    let (_, written) =
        written.with_context(|| format!("{file} has no part that a benchmark has written"))?;
    Ok(written.trim().to_owned())
}

/// The title and description of a drawing, and its caption.
pub fn drawing(shell: &Shell, arguments: &Table) -> Result<String> {
    let name = argument(arguments, "name")?;
    let file = format!("static/drawings/{name}.svg");
    let svg = shell.read_file(&file)?;
    let (title, desc) = described(&svg).with_context(|| format!("{file} lacks a title or desc"))?;
    let mut said = format!("> **Drawing: {title}.** {desc}");
    if let Some(caption) = arguments.get("caption").and_then(Value::as_str) {
        said += &format!("\n>\n> {caption}");
    }
    Ok(said)
}

/// One measured value.
pub fn measured(shell: &Shell, arguments: &Table) -> Result<String> {
    let file = format!(
        "code/measurements/results/{}.toml",
        argument(arguments, "name")?
    );
    let result: Table = shell.read_file(&file)?.parse().context(file.clone())?;
    let value = argument(arguments, "value")?;
    let found = result.get("values").and_then(|it| it.get(value));
    let found = found.with_context(|| format!("{file} has no value {value}"))?;
    Ok(found.to_string().trim_matches('"').to_owned())
}

/// What a recorded run did, in the words of its picture.
pub fn run(shell: &Shell, name: &str) -> Result<String> {
    let file = format!("static/runs/{name}.svg");
    let svg = shell.read_file(&file)?;
    let (_, desc) = described(&svg).with_context(|| format!("{file} lacks a title or desc"))?;
    Ok(format!("> **Recorded run.** {desc}"))
}

pub(super) fn argument<'a>(arguments: &'a Table, key: &str) -> Result<&'a str> {
    let value = arguments.get(key).and_then(Value::as_str);
    value.with_context(|| format!("a shortcode lacks the argument `{key}`"))
}

/// More ticks than any program of the book has in a row.
pub(super) fn fenced(language: &str, text: &str) -> String {
    format!("`````{language}\n{}\n`````", text.trim_end())
}

/// The title and the description of a picture.
fn described(svg: &str) -> Option<(String, String)> {
    let text_of = |name: &str| {
        let (_, rest) = svg.split_once(&format!("<{name}"))?;
        let (_, rest) = rest.split_once('>')?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text.replace("&lt;", "<").replace("&gt;", ">");
        Some(
            text.replace("&quot;", "\"")
                .replace("&apos;", "'")
                .replace("&amp;", "&"),
        )
    };
    Some((text_of("title")?, text_of("desc")?))
}
