//! The text of a page, as its reader sees it.

use anyhow::{Context, Result, bail};
use toml::Table;
use xshell::Shell;

use super::shown;
use crate::pages::{CONTENT, Page};

/// Where a file of `content/` is published as Markdown.
pub type Address<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The body of a page: shortcodes replaced, links led to the published pages, fences with nothing
/// but their language, and below a program what its recorded run did.
pub fn plain(shell: &Shell, page: &Page, address: Address<'_>) -> Result<String> {
    let mut out = String::new();
    let mut fence: Option<Fence> = None;
    for (at, line) in page.body.lines().enumerate() {
        let place = || format!("{CONTENT}/{}:{}", page.file, page.lines_above + at + 1);
        match &fence {
            Some(open) if line.trim() == open.ticks => {
                out += line;
                out.push('\n');
                if let Some(run) = &open.run {
                    let said = shown::run(shell, run).with_context(place)?;
                    out += &format!("\n{said}\n");
                }
                fence = None;
            }
            Some(_) => out += &format!("{line}\n"),
            None => match Fence::open(line) {
                Some((open, line)) => {
                    out += &format!("{line}\n");
                    fence = Some(open);
                }
                None => {
                    let line = shortcodes(shell, page, address, line).with_context(place)?;
                    out += &format!("{}\n", links(&line, address).with_context(place)?);
                }
            },
        }
    }
    Ok(out)
}

struct Fence {
    ticks: String,
    run: Option<String>,
}

impl Fence {
    /// The fence that this line opens, and the line with nothing but the language after the ticks.
    fn open(line: &str) -> Option<(Fence, String)> {
        let start = line.find("```")?;
        if !line[..start].trim_matches([' ', '>']).is_empty() {
            return None;
        }
        let words = line[start..].trim_start_matches('`');
        let ticks = &line[start..line.len() - words.len()];
        let mut words = words.split(',').map(str::trim);
        let language = words.next().unwrap_or_default();
        let run = words.find_map(|word| word.strip_prefix("run="));
        let fence = Fence {
            ticks: ticks.to_owned(),
            run: run.map(str::to_owned),
        };
        Some((fence, format!("{}{ticks}{language}", &line[..start])))
    }
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
            "drawing" => shown::drawing(shell, arguments)?,
            "later" => shown::later(shell, address, arguments)?,
            "listing" => shown::listing(shell, arguments)?,
            "report" => shown::report(shell, arguments)?,
            "measured" => shown::measured(shell, arguments)?,
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
