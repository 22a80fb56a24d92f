//! Commands that look and change nothing.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use scraper::Html;

use super::{frontier, words_of};
use crate::address::Address;
use crate::frontier::Reader;
use crate::rules::Rules;

pub(super) fn status(dir: &Path) -> Result<()> {
    let reader = Reader::open(&frontier(dir))?;
    let tally = reader.tally()?;
    println!("{}; {} items", words_of(&tally), tally.items);
    for (host, queued, delay) in reader.busiest(10)? {
        println!("  {host}: {queued} to do, {delay} ms apart");
    }
    for (reason, pages) in reader.reasons(10)? {
        println!("  {pages} × {reason}");
    }
    Ok(())
}

pub(super) fn explain(address: &str, dir: &Path) -> Result<()> {
    let address = Address::parse(address)?;
    let Some(page) = Reader::open(&frontier(dir))?.page(&address)? else {
        bail!(
            "{address} isn't known: no page that was read links to it, it's out of scope or too \
             deep, or its host's budget was used up"
        );
    };
    println!("{address}: {}", page.state);
    if let Some(status) = page.status {
        println!("  status {status}");
    }
    if let Some(reason) = &page.reason {
        println!("  because: {reason}");
    }
    println!(
        "  {} links from a seed, {} failures",
        page.depth, page.failures
    );
    println!(
        "  found on {}",
        page.found_on.as_deref().unwrap_or("no page: it's a seed")
    );
    Ok(())
}

pub(super) fn test_rule(rules: &Path, page: &Path, address: &str) -> Result<()> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let rules = Rules::parse(&read(rules)?).with_context(|| rules.display().to_string())?;
    let item = rules.extract(
        &Address::parse(address)?,
        &Html::parse_document(&read(page)?),
    )?;
    let item = item.context("no rule fits this address")?;
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &item)?;
    writeln!(out)?;
    Ok(())
}
