//! The commands, and what they print.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use service::telemetry::{self, LogFormat};
use tokio_util::sync::CancellationToken;

use crate::address::Address;
use crate::crawl::{End, Scope, Visitor, crawl, seed};
use crate::demo;
use crate::frontier::{Frontier, Reader, SqliteFrontier, Tally};

pub use options::Options;

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
        /// The crawl's folder
        #[arg(long, default_value = "crawl")]
        dir: PathBuf,
    },
    /// Print the items
    Export {
        /// The crawl's folder
        #[arg(long, default_value = "crawl")]
        dir: PathBuf,
        /// One line of JSON an item, or a table
        #[arg(long, value_enum, default_value = "jsonl")]
        format: export::Format,
    },
    /// Why a page was or wasn't fetched
    Explain {
        /// Its address
        address: String,
        /// The crawl's folder
        #[arg(long, default_value = "crawl")]
        dir: PathBuf,
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

/// Runs a command. `stop` ends a crawl in order.
///
/// # Errors
///
/// What a person should read.
pub async fn run(cli: Cli, stop: CancellationToken) -> Result<()> {
    telemetry::init(cli.log_format, &cli.log)?;
    match cli.command {
        Command::Demo {
            options,
            serve_only,
        } => run_demo(options, serve_only, stop).await,
        Command::Crawl { seeds, options } => run_crawl(&seeds, &options, false, stop).await,
        Command::Resume { options, again } => {
            ensure!(
                frontier(&options.dir).exists(),
                "{} has no crawl",
                options.dir.display()
            );
            run_crawl(&[], &options, again, stop).await
        }
        Command::Status { dir } => look::status(&dir),
        Command::Export { dir, format } => {
            export::write(&Reader::open(&frontier(&dir))?, format, io::stdout().lock())
        }
        Command::Explain { address, dir } => look::explain(&address, &dir),
        Command::TestRule {
            rules,
            page,
            address,
        } => look::test_rule(&rules, &page, &address),
    }
}

fn frontier(dir: &Path) -> PathBuf {
    dir.join("frontier.db")
}

async fn run_demo(mut options: Options, serve_only: bool, stop: CancellationToken) -> Result<()> {
    let shop = demo::Shop::serve().await.context("cannot serve the shop")?;
    if serve_only {
        println!("{}\n(Ctrl-C ends it)", shop.seeds().join("\n"));
        stop.cancelled().await;
        return Ok(());
    }
    let used = frontier(&options.dir).exists();
    ensure!(
        !used,
        "{} has a crawl already; give --dir another",
        options.dir.display()
    );
    options.for_demo(demo::Shop::names(), demo::RULES);
    run_crawl(&shop.seeds(), &options, false, stop).await?;
    println!("the shop saw: {}", shop.report());
    Ok(())
}

async fn run_crawl(
    seeds: &[String],
    options: &Options,
    again: bool,
    stop: CancellationToken,
) -> Result<()> {
    fs::create_dir_all(&options.dir)
        .with_context(|| format!("cannot make {}", options.dir.display()))?;
    let seeds = seeds.iter().map(|text| Address::parse(text).map(seed));
    let seeds = seeds.collect::<Result<Vec<_>, _>>()?;
    let file = frontier(&options.dir);
    let frontier = Arc::new(SqliteFrontier::open(&file, options.budget())?);
    frontier.add(seeds).await?;
    if again {
        frontier.again().await?;
    }
    let scope = match options.any_host {
        true => Scope::Any,
        false => Scope::Hosts(Reader::open(&file)?.seeds()?),
    };
    let visitor = Visitor::new(
        options.settings(scope),
        options.fetcher()?,
        options.rules()?,
    );
    let visitor = Arc::new(visitor);

    let watch = tokio::spawn(watch::watch(visitor.clone()));
    let start = tokio::time::Instant::now();
    let end = crawl(frontier.clone(), visitor.clone(), stop).await;
    watch.abort();
    let (end, tally) = (end?, frontier.tally().await?);
    let words = match end {
        End::Complete => "complete",
        End::Stopped => "stopped; `resume` goes on",
    };
    println!(
        "{words} after {:.1?}: {}",
        start.elapsed(),
        words_of(&tally)
    );
    let items = options.dir.join("items.jsonl");
    let written = fs::File::create(&items).context("cannot write items.jsonl")?;
    export::write(
        &Reader::open(&file)?,
        export::Format::Jsonl,
        io::BufWriter::new(written),
    )?;
    println!("{} items in {}", tally.items, items.display());
    Ok(())
}

fn words_of(tally: &Tally) -> String {
    let Tally {
        queued,
        taken,
        done,
        failed,
        skipped,
        beyond,
        hosts,
        ..
    } = tally;
    format!(
        "{done} pages of {hosts} hosts done, {failed} failed, {skipped} left alone, \
         {} to do, {beyond} found beyond the budgets",
        queued + taken,
    )
}

/// Whether there's a person to look at a moving line.
fn is_watched() -> bool {
    io::stderr().is_terminal()
}
