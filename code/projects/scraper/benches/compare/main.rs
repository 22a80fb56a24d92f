//! This crawler and others, measured in one run on one machine.
//!
//! ```console
//! $ cargo xtask bench scraper     # writes the tables into benches/README.md
//! ```
//!
//! A shop in this process, and crawlers that are processes of their own, one after the other; all
//! speak the few words of `testbed::peer`. In each round they take turns.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use testbed::install::{self, Installed};
use testbed::machine;
use testbed::peer::Peer;
use testbed::report::{grouped, median, ratio, write_between};

mod ours;
mod shop;

use shop::Shop;

const PAGES: u32 = 3_000;
const CONNECTIONS: u32 = 16;
const LATENCY: Duration = Duration::from_millis(50);
const ADDRESSES: u32 = 1_000_000;
/// As many as a page links to.
const TOGETHER: u32 = 20;
const LONG: Duration = Duration::from_secs(280);

#[derive(Parser)]
struct Options {
    /// How often everything is measured; scrapy, which takes minutes, once
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Print the tables instead of writing them
    #[arg(long)]
    print: bool,
    /// What `cargo bench` tells every benchmark
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What the driver starts this program again for.
#[derive(Clone, Copy, Subcommand)]
enum Part {
    #[command(hide = true)]
    Crawl,
    #[command(hide = true)]
    Frontier,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    match options.part {
        Some(Part::Crawl) => runtime.block_on(ours::crawl_shop()),
        Some(Part::Frontier) => runtime.block_on(ours::fill_frontier()),
        None => {
            let _context = runtime.enter();
            compare(&options, &runtime)
        }
    }
}

/// A crawler, and what one crawl of it cost.
struct System {
    name: &'static str,
    settings: &'static str,
    command: Installed,
    rounds: usize,
    fast: Vec<Crawl>,
    slow: Vec<Crawl>,
}

#[derive(Clone, Copy)]
struct Crawl {
    pages_a_second: f64,
    cpu_a_page: Duration,
    memory: u64,
    forbidden: u32,
}

fn compare(options: &Options, runtime: &tokio::runtime::Runtime) -> Result<()> {
    let folder = install::folder("scraper")?;
    let mut systems = systems(&folder, options.rounds.max(1));
    let mut loads = Vec::new();
    let mut frontiers = Vec::new();
    for round in 0..options.rounds.max(1) {
        for system in &mut systems {
            let (Ok(command), true) = (&system.command, round < system.rounds) else {
                continue;
            };
            for (latency, crawls) in [
                (Duration::ZERO, &mut system.fast),
                (LATENCY, &mut system.slow),
            ] {
                loads.push(machine::load());
                let shop = runtime.block_on(Shop::serve(PAGES, latency))?;
                let crawl = measure(command, &shop, &folder).context(system.name)?;
                let (rate, memory) = (crawl.pages_a_second, mebibytes(crawl.memory));
                eprintln!(
                    "round {}, {}, {latency:?}: {rate:.0} pages a second, {:?} of CPU a page, \
                     {memory:.0} MiB, {} pages not allowed",
                    round + 1,
                    system.name,
                    crawl.cpu_a_page,
                    crawl.forbidden,
                );
                crawls.push(crawl);
            }
        }
        loads.push(machine::load());
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("frontier");
        let mut peer = Peer::start(command, &folder.join("frontier.log"))?;
        let took = peer.order("fill", LONG)?;
        let filled = f64::from(ADDRESSES) / took.as_secs_f64();
        eprintln!(
            "round {}, frontier: {filled:.0} addresses a second",
            round + 1
        );
        frontiers.push((filled, mebibytes(machine::peak(peer.id()))));
    }
    let text = table(&systems, &frontiers, &loads, options.rounds)?;
    if options.print {
        println!("{text}");
        return Ok(());
    }
    write_between(
        Path::new("benches/README.md"),
        "cargo xtask bench scraper",
        &text,
    )
}

fn systems(folder: &Path, rounds: usize) -> Vec<System> {
    let this = std::env::current_exe().map_err(|error| error.to_string());
    let system = |name, settings, command, rounds| System {
        name,
        settings,
        command,
        rounds,
        fast: Vec::new(),
        slow: Vec::new(),
    };
    vec![
        system(
            "web-scraper",
            "a SQLite frontier in a file; what is found and extracted is committed with each page",
            this.map(|this| vec![this.display().to_string(), "crawl".to_owned()]),
            rounds,
        ),
        system(
            "spider 2.53.9",
            "Rust; `regex`, so that robots.txt is read as it's meant; pages are parsed by `scraper` \
             in a subscriber; the frontier is in memory",
            install::cargo("spider", "spider-peer", folder),
            rounds,
        ),
        system(
            "scrapy 2.19.0",
            "Python; no delay, `CONCURRENT_REQUESTS_PER_DOMAIN` 16; the frontier is in memory; one round",
            install::python("scrapy", "peer.py", folder),
            1,
        ),
    ]
}

/// One crawl: from the order until all is extracted.
fn measure(command: &[String], shop: &Shop, folder: &Path) -> Result<Crawl> {
    let (program, words) = command.split_first().context("no program")?;
    let mut command = Command::new(program);
    command.args(words);
    let mut peer = Peer::start(command, &folder.join("crawl.log"))?;
    let before = machine::cpu(peer.id());
    let took = peer.order(&shop.seed(), LONG)?;
    let items = peer.wait("items ", LONG)?;
    let items: u32 = items.trim_start_matches("items ").trim().parse()?;
    let (allowed, forbidden) = shop.seen();
    ensure!(
        (items, allowed) == (PAGES, PAGES),
        "{items} items of {allowed} pages, not {PAGES}"
    );
    Ok(Crawl {
        pages_a_second: f64::from(PAGES) / took.as_secs_f64(),
        cpu_a_page: (machine::cpu(peer.id()) - before) / PAGES,
        memory: machine::peak(peer.id()),
        forbidden,
    })
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn of(crawls: &[Crawl], value: impl Fn(&Crawl) -> f64) -> f64 {
    let values: Vec<f64> = crawls.iter().map(value).collect();
    median(&values).unwrap_or(f64::NAN)
}

fn table(
    systems: &[System],
    frontiers: &[(f64, f64)],
    loads: &[f64],
    rounds: usize,
) -> Result<String> {
    let mut text = String::new();
    let (load, versions) = (
        loads.iter().sum::<f64>() / loads.len() as f64,
        machine::versions(&[("Rust", "rustc"), ("Python", "python3")]),
    );
    let most = f64::from(CONNECTIONS) / LATENCY.as_secs_f64();
    writeln!(
        text,
        "{}, {versions}, mean load {load:.1}, the median of {rounds} rounds.\n\
         {} pages of 8 KB, {CONNECTIONS} connections; {} addresses.\n\n\
         | Crawler | pages a second | CPU a page, ms | memory, MiB | pages a second at 50 ms | of what's possible | pages not allowed |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        machine::description(),
        grouped(f64::from(PAGES), 0),
        grouped(f64::from(ADDRESSES), 0),
    )?;
    let spider = of(&systems[1].fast, |crawl| crawl.pages_a_second);
    for system in systems {
        if let Err(reason) = &system.command {
            writeln!(text, "| {} | {reason} | | | | | |", system.name)?;
            continue;
        }
        let fast = of(&system.fast, |crawl| crawl.pages_a_second);
        let slow = of(&system.slow, |crawl| crawl.pages_a_second);
        let cpu = of(&system.fast, |crawl| crawl.cpu_a_page.as_secs_f64() * 1e3);
        let memory = of(&system.fast, |crawl| mebibytes(crawl.memory));
        let forbidden = of(&system.fast, |crawl| f64::from(crawl.forbidden));
        writeln!(
            text,
            "| {} | {} = {} × | {cpu:.2} | {memory:.0} | {} | {:.0}% | {} |",
            system.name,
            grouped(fast, 0),
            ratio(fast / spider),
            grouped(slow, 0),
            slow / most * 100.0,
            grouped(forbidden, 0),
        )?;
    }
    let (rates, memory): (Vec<f64>, Vec<f64>) = frontiers.iter().copied().unzip();
    let nan = f64::NAN;
    writeln!(
        text,
        "\n| Frontier | addresses a second | memory, MiB |\n| --- | ---: | ---: |\n\
         | web-scraper on SQLite | {} | {} |\n\nHow each was set:\n",
        grouped(median(&rates).unwrap_or(nan), 0),
        grouped(median(&memory).unwrap_or(nan), 0),
    )?;
    for system in systems {
        writeln!(text, "- {}: {}.", system.name, system.settings)?;
    }
    Ok(text)
}
