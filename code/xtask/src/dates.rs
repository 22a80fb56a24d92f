//! When each page was first committed, and when last: for its foot, the feed and the sitemap.
//!
//! Zola knows no git, so the dates are laid out for it in `target/dates.toml` before it builds.
//! A copy without history, or with the newest commit alone, has no dates, and its pages say none.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::pages::{CONTENT, Page, pages};

/// Read by `templates/`.
const FILE: &str = "target/dates.toml";
const SITEMAP: &str = "public/sitemap.xml";

/// Days such as `2026-11-29`.
#[derive(Debug, PartialEq, Eq)]
struct Dates {
    first: String,
    last: String,
}

/// Lays out the dates of all pages, by their files below `content/`, and the newest of them.
pub fn lay_out(shell: &Shell) -> Result<()> {
    let dates = dates(shell);
    let latest = dates.values().map(|it| &*it.last).max().unwrap_or_default();
    let mut text = format!("latest = \"{latest}\"\n");
    for (file, Dates { first, last }) in &dates {
        writeln!(
            text,
            "{file:?} = {{ first = \"{first}\", last = \"{last}\" }}"
        )?;
    }
    shell.write_file(FILE, text)?;
    Ok(())
}

/// Writes into the built sitemap when each page changed last.
pub fn into_sitemap(shell: &Shell) -> Result<()> {
    let sitemap = shell
        .read_file(SITEMAP)
        .context("Zola wrote no sitemap.xml")?;
    let dates = dates(shell);
    let dated = pages(shell)?
        .into_iter()
        .filter_map(|page| Some((place(&page), &dates.get(&page.file)?.last)))
        .fold(sitemap, |sitemap, (place, last)| {
            sitemap.replacen(
                &place,
                &format!("{place}\n        <lastmod>{last}</lastmod>"),
                1,
            )
        });
    shell.write_file(SITEMAP, dated)?;
    Ok(())
}

/// The end of a page's address in the sitemap. The home page's is that of the whole site.
fn place(page: &Page) -> String {
    if page.address.is_empty() {
        return "/</loc>".to_owned();
    }
    format!("/{}</loc>", page.address)
}

fn dates(shell: &Shell) -> BTreeMap<String, Dates> {
    let is_shallow = cmd!(shell, "git rev-parse --is-shallow-repository")
        .quiet()
        .ignore_stderr()
        .read();
    if !is_shallow.is_ok_and(|it| it == "false") {
        return BTreeMap::new();
    }
    let log = cmd!(
        shell,
        "git log --no-merges --format=date:%cs --name-only -- {CONTENT}"
    )
    .quiet()
    .ignore_stderr()
    .read();
    read(&log.unwrap_or_default())
}

/// Reads a log, which begins with the newest commit: each one's day, then its files.
fn read(log: &str) -> BTreeMap<String, Dates> {
    let mut dates = BTreeMap::<String, Dates>::new();
    let mut day = "";
    for line in log.lines() {
        if let Some(date) = line.strip_prefix("date:") {
            day = date;
        } else if let Some(file) = line.strip_prefix("content/") {
            let first = || Dates {
                first: day.to_owned(),
                last: day.to_owned(),
            };
            let dates = dates.entry(file.to_owned()).or_insert_with(first);
            day.clone_into(&mut dates.first);
        }
    }
    dates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_commit_of_a_page_is_its_last_and_the_oldest_its_first() {
        let log = "date:2026-11-29\n\ncontent/a.md\n\ndate:2026-11-20\n\ncontent/a.md\ncontent/part1/b.md\n";
        let dates = read(log);
        let at = |file: &str| (&*dates[file].first, &*dates[file].last);
        assert_eq!(at("a.md"), ("2026-11-20", "2026-11-29"));
        assert_eq!(at("part1/b.md"), ("2026-11-20", "2026-11-20"));
    }
}
