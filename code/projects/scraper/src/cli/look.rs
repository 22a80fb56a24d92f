//! Commands that look and change nothing.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use scraper::Html;

use super::{Place, export, words_of};
use crate::address::Address;
use crate::frontier::{Reader, RedisReader, View};
use crate::rules::Rules;

/// What to look for.
pub(super) enum Question {
    Status,
    Items(export::Format),
    Page(Address),
}

pub(super) async fn look(place: &Place, question: Question) -> Result<()> {
    match &place.frontier {
        Some(store) => answer(&RedisReader::open(store).await?, question).await,
        None => answer(&Reader::open(&place.file())?, question).await,
    }
}

async fn answer(view: &impl View, question: Question) -> Result<()> {
    match question {
        Question::Status => status(view).await,
        Question::Items(format) => export::write(view, format, io::stdout().lock()).await,
        Question::Page(address) => explain(&address, view).await,
    }
}

async fn status(view: &impl View) -> Result<()> {
    let tally = view.tally().await?;
    println!("{}; {} items", words_of(&tally), tally.items);
    for busy in view.busiest(10).await? {
        let rest = resting(busy.rest, busy.delay);
        let (host, queued, delay) = (busy.host, busy.queued, busy.delay.as_millis());
        println!("  {host}: {queued} to do, {delay} ms apart{rest}");
    }
    for (reason, pages) in view.reasons(10).await? {
        println!("  {pages} × {reason}");
    }
    Ok(())
}

async fn explain(address: &Address, view: &impl View) -> Result<()> {
    let Some(page) = view.page(address).await? else {
        bail!(
            "{address} isn't known: no page that was read links to it, it's out of scope or too \
             deep, or its host's budget was used up"
        );
    };
    let rest = match page.state {
        "queued" => resting(page.rest, Duration::ZERO),
        _ => String::new(),
    };
    println!("{address}: {}{rest}", page.state);
    if let Some(status) = page.status {
        println!("  status {status}");
    }
    if let Some(reason) = &page.reason {
        println!("  because: {reason}");
    }
    let (depth, failures) = (page.depth, page.failures);
    println!("  {depth} links from a seed, {failures} failures");
    let found_on = page.found_on.as_deref();
    println!("  found on {}", found_on.unwrap_or("no page: it's a seed"));
    Ok(())
}

/// What is worth saying of a rest: more than the usual time between two requests.
fn resting(rest: Duration, usual: Duration) -> String {
    match rest > usual + Duration::from_secs(1) {
        true => format!(", resting for another {} s", rest.as_secs()),
        false => String::new(),
    }
}

pub(super) fn test_rule(rules: &Path, page: &Path, address: &str) -> Result<()> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let rules = Rules::parse(&read(rules)?).with_context(|| rules.display().to_string())?;
    let (address, page) = (Address::parse(address)?, Html::parse_document(&read(page)?));
    let item = rules.extract(&address, &page)?;
    let item = item.context("no rule fits this address")?;
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &item)?;
    writeln!(out)?;
    Ok(())
}
