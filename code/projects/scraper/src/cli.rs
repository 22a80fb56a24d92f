//! The commands, and what they print.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use service::telemetry::{self, LogFormat};
use tokio_util::sync::CancellationToken;

use crate::address::Address;
use crate::crawl::{End, Scope, Visitor, crawl, seed};
use crate::demo;
use crate::frontier::{
    Found, Frontier, Reader, RedisFrontier, RedisReader, SqliteFrontier, Tally, View,
};
use look::Question;

pub use options::{Options, Place};

mod export;
mod look;
mod options;
mod watch;

/// A polite, restartable web crawler.
#[derive(Parser)]
#[command(name = "web-scraper", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What to log: a level, or targets and levels such as warn,web_scraper=debug
    #[arg(long, default_value = "warn,service=info", global = true)]
    log: String,
    /// How log lines look
    #[arg(long, value_enum, default_value = "text", global = true)]
    log_format: LogFormat,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a generated shop of 3,000 pages on this machine, and crawl it
    Demo {
        #[command(flatten)]
        options: Options,
        /// Only serve the shop, until Ctrl-C
        #[arg(long)]
        serve_only: bool,
    },
    /// Crawl from these addresses
    Crawl {
        /// Where to begin
        #[arg(required = true)]
        seeds: Vec<String>,
        #[command(flatten)]
        options: Options,
    },
    /// Go on with a crawl that was stopped or killed
    Resume {
        #[command(flatten)]
        options: Options,
        /// Ask again for all pages; those that haven't changed aren't sent again
        #[arg(long)]
        again: bool,
    },
    /// How far a crawl is
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// Print the items
    Export {
        #[command(flatten)]
        place: Place,
        /// One line of JSON an item, or a table
        #[arg(long, value_enum, default_value = "jsonl")]
        format: export::Format,
    },
    /// Why a page was or wasn't fetched
    Explain {
        /// Its address
        address: String,
        #[command(flatten)]
        place: Place,
    },
    /// Print the item of a saved page
    TestRule {
        /// The file of rules
        rules: PathBuf,
        /// The saved page
        page: PathBuf,
        /// The address it was saved from
        #[arg(long)]
        address: String,
    },
}

/// Runs a command. `stop` ends a crawl in order. The error is for a person to read.
pub async fn run(cli: Cli, stop: CancellationToken) -> Result<()> {
    telemetry::init(cli.log_format, &cli.log)?;
    match cli.command {
        Command::Demo {
            options,
            serve_only,
        } => run_demo(options, serve_only, stop).await,
        Command::Crawl { seeds, options } => run_crawl(&seeds, &options, Begin::Seeds, stop).await,
        Command::Resume { options, again } => {
            let begin = if again { Begin::Again } else { Begin::Rest };
            run_crawl(&[], &options, begin, stop).await
        }
        Command::Status { place } => look::look(&place, Question::Status).await,
        Command::Export { place, format } => look::look(&place, Question::Items(format)).await,
        Command::Explain { address, place } => {
            look::look(&place, Question::Page(Address::parse(&address)?)).await
        }
        Command::TestRule {
            rules,
            page,
            address,
        } => look::test_rule(&rules, &page, &address),
    }
}

/// What a crawl does first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begin {
    /// Queues its seeds, if they're new.
    Seeds,
    /// Goes on with what is queued.
    Rest,
    /// Queues all pages again.
    Again,
}

async fn run_demo(mut options: Options, serve_only: bool, stop: CancellationToken) -> Result<()> {
    let shop = demo::Shop::serve().await.context("cannot serve the shop")?;
    if serve_only {
        println!("{}\n(Ctrl-C ends it)", shop.seeds().join("\n"));
        stop.cancelled().await;
        return Ok(());
    }
    let place = &options.place;
    let (in_file, is_new) = (place.frontier.is_none(), !place.exists());
    ensure!(in_file, "the demo crawls by itself, with a file");
    ensure!(
        is_new,
        "{place} holds an earlier crawl: remove it, or give --dir another folder"
    );
    options.for_demo(demo::Shop::names(), demo::RULES);
    run_crawl(&shop.seeds(), &options, Begin::Seeds, stop).await?;
    println!("the shop saw: {}", shop.report());
    Ok(())
}

async fn run_crawl(
    seeds: &[String],
    options: &Options,
    begin: Begin,
    stop: CancellationToken,
) -> Result<()> {
    let seeds = seeds.iter().map(|text| Address::parse(text).map(seed));
    let seeds = seeds.collect::<Result<Vec<_>, _>>()?;
    let place = &options.place;
    let there = begin == Begin::Seeds || place.exists();
    ensure!(there, "{place} has no crawl");
    fs::create_dir_all(&place.dir)
        .with_context(|| format!("cannot make {}", place.dir.display()))?;
    let budget = options.budget();
    if let Some(store) = &place.frontier {
        let lease = Duration::from_secs(options.lease);
        let frontier = Arc::new(RedisFrontier::open(store, budget, lease).await?);
        let reader = RedisReader::open(store).await?;
        run_on(&frontier, &reader, seeds, options, begin, stop).await?;
        return Ok(frontier.leave().await?);
    }
    let frontier = Arc::new(SqliteFrontier::open(&place.file(), budget)?);
    let reader = Reader::open(&place.file())?;
    run_on(&frontier, &reader, seeds, options, begin, stop).await?;
    Ok(frontier.leave().await?)
}

async fn run_on<F: Frontier>(
    frontier: &Arc<F>,
    view: &impl View,
    seeds: Vec<Found>,
    options: &Options,
    begin: Begin,
    stop: CancellationToken,
) -> Result<()> {
    let place = &options.place;
    frontier.add(seeds).await?;
    if begin == Begin::Again {
        frontier.again().await?;
    }
    let seeds = view.seeds().await?;
    ensure!(!seeds.is_empty(), "{place} has no crawl");
    let scope = match options.any_host {
        true => Scope::Any,
        false => Scope::Hosts(seeds),
    };
    let settings = options.settings(scope);
    let visitor = Visitor::new(settings, options.fetcher()?, options.rules()?);
    let visitor = Arc::new(visitor);

    let watch = tokio::spawn(watch::watch(visitor.clone()));
    let start = tokio::time::Instant::now();
    let end = crawl(frontier.clone(), visitor.clone(), stop).await;
    watch.abort();
    let (end, tally) = (end?, frontier.tally().await?);
    let (took, words) = (start.elapsed(), words_of(&tally));
    match end {
        End::Complete => println!("complete after {took:.1?}: {words}"),
        End::Stopped => println!("stopped after {took:.1?}, `resume` goes on: {words}"),
    }
    let items = place.dir.join("items.jsonl");
    let written = fs::File::create(&items).context("cannot write items.jsonl")?;
    export::write(view, export::Format::Jsonl, io::BufWriter::new(written)).await?;
    println!("{} items in {}", tally.items, items.display());
    Ok(())
}

fn words_of(it: &Tally) -> String {
    format!(
        "{} pages of {} hosts done, {} failed, {} left alone, {} to do, {} found beyond the budgets",
        it.done,
        it.hosts,
        it.failed,
        it.skipped,
        it.queued + it.taken,
        it.beyond,
    )
}
