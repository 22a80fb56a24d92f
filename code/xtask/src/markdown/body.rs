//! The text of a page, as its reader sees it.

use anyhow::{Context, Result, bail};
use book::Block;
use toml::Table;
use xshell::Shell;

use super::{shown, step};
use crate::pages::{CONTENT, Page};

/// Where a file of `content/` is published as Markdown.
pub type Address<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Begins a question. Its answer stands below its options once more, with the reason.
const QUESTION: &str = "<quiz-card";

/// The body of a page: shortcodes replaced, links led to the published pages, fences with nothing
/// but their language, questions without their answers above them, and below a program what its
/// recorded run did.
pub fn plain(shell: &Shell, page: &Page, address: Address<'_>) -> Result<String> {
    let mut out = String::new();
    let line_at = book::lines(&page.body);
    let blocks = book::parse(&page.file, page.body.clone()).blocks;
    for (at, line) in page.body.lines().enumerate() {
        let place = || format!("{CONTENT}/{}:{}", page.file, page.lines_above + at + 1);
        let last = |block: &Block| line_at(block.range.end.saturating_sub(1));
        let block = blocks
            .iter()
            .find(|block| (block.line..=last(block)).contains(&(at + 1)));
        let Some(block) = block else {
            if line.starts_with(QUESTION) {
                out += &format!("{QUESTION}>\n");
                continue;
            }
            let line = shortcodes(shell, page, address, line).with_context(place)?;
            out += &format!("{}\n", links(&line, address).with_context(place)?);
            continue;
        };
        // Of a fence, nothing but the language.
        let opening = (block.line == at + 1).then(|| line.trim_end().strip_suffix(&block.info));
        match opening.flatten() {
            Some(fence) => out += &format!("{fence}{}\n", block.language()),
            None => out += &format!("{line}\n"),
        }
        if last(block) == at + 1
            && let Some(run) = block.option("run")
        {
            let said = shown::run(shell, run).with_context(place)?;
            out += &format!("\n{said}\n");
        }
    }
    Ok(out)
}

/// Replaces `{{ name(key="value") }}` by what it shows.
fn shortcodes(shell: &Shell, page: &Page, address: Address<'_>, line: &str) -> Result<String> {
    let (mut out, mut rest) = (String::new(), line);
    while let Some((before, call)) = rest.split_once("{{ ") {
        let (call, after) = call
            .split_once(" }}")
            .context("a shortcode that does not end in its line")?;
        let (name, arguments) = call
            .strip_suffix(')')
            .and_then(|call| call.split_once('('))
            .with_context(|| format!("`{call}` is not a shortcode"))?;
        // What stands between the parentheses is what TOML allows between braces.
        let table: Table = format!("it = {{ {arguments} }}")
            .parse()
            .with_context(|| format!("`{name}` has an argument that cannot be read"))?;
        let arguments = table["it"].as_table().context("not arguments")?;
        out += before;
        out += &match name {
            "anti_pattern" => shown::anti_pattern(shell, arguments)?,
            "card" => shown::card(shell, page, arguments)?,
            "clone" => shown::clone(shell)?,
            "drawing" => shown::drawing(shell, arguments)?,
            "later" => shown::later(shell, address, arguments)?,
            "listing" => shown::listing(shell, arguments)?,
            "report" => shown::report(shell, arguments)?,
            "measured" => shown::measured(shell, arguments)?,
            "steps" => step::shown(shell, arguments)?,
            name => bail!("the Markdown of pages does not know the shortcode `{name}`"),
        };
        rest = after;
    }
    Ok(out + rest)
}

/// Leads `](@/file.md#id)` to the published page.
pub fn links(line: &str, address: Address<'_>) -> Result<String> {
    let (mut out, mut rest) = (String::new(), line);
    while let Some((before, link)) = rest.split_once("](@/") {
        let (to, after) = link
            .split_once(')')
            .context("a link that does not end in its line")?;
        let (file, id) = to.split_at(to.find('#').unwrap_or(to.len()));
        let to = address(file).with_context(|| format!("there is no page {CONTENT}/{file}"))?;
        out += &format!("{before}]({to}{id})");
        rest = after;
    }
    Ok(out + rest)
}
