//! `cargo xtask bench`: what the book says of its own speed, measured again.

use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

#[derive(clap::Args)]
pub struct Options {
    /// What to measure
    what: What,
    /// The task queue, the chat, the orders and the gateway: a tenth of it, one round, and the tables printed instead of written
    #[arg(long)]
    quick: bool,
    /// The task queue and the chat: how often everything is measured
    #[arg(long, value_name = "N")]
    rounds: Option<u8>,
    /// The task queue and the chat: only systems whose names begin so, and the tables printed
    #[arg(long)]
    only: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum What {
    /// Proving the book: cold, warm, and after an edit
    Harness,
    /// Building the site: this one, mdBook and Material for MkDocs; ten times the chapters; an edit
    Site,
    /// The crawler: crawls of 3,000 pages, a frontier of a million addresses; and spider and scrapy
    Scraper,
    /// The task queue: on Redis and SQLite, and BullMQ, apalis, Sidekiq, arq and Celery
    TaskQueue,
    /// The order service: on SQLite and PostgreSQL, by hand without events, and cqrs-es
    Orders,
    /// The chat: a broadcast without a history, ws and socket.io
    Chat,
    /// The gateway: passing through, with all layers, from its cache, large, TLS; and nginx, HAProxy and pingora
    Gateway,
}

pub fn bench(shell: &Shell, options: &Options) -> Result<()> {
    let Options {
        what,
        quick,
        rounds,
        only,
    } = options;
    let chosen = rounds.is_some() || !only.is_empty();
    ensure!(
        !chosen || [What::TaskQueue, What::Chat].contains(what),
        "--rounds and --only are options of task-queue and chat"
    );
    ensure!(
        !quick || [What::TaskQueue, What::Chat, What::Orders, What::Gateway].contains(what),
        "--quick is an option of task-queue, chat, orders and gateway"
    );
    match what {
        What::Harness => cmd!(shell, "cargo bench --package harness --bench chapters").run()?,
        What::Site => cmd!(shell, "cargo bench --package site --bench builds").run()?,
        What::Scraper => cmd!(shell, "cargo bench --package web-scraper --bench compare").run()?,
        What::Orders => {
            let quick = quick.then_some("--quick");
            let bench = ["bench", "--package", "orders", "--bench", "compare", "--"];
            cmd!(shell, "cargo {bench...} {quick...}").run()?;
        }
        What::Gateway => {
            let quick = quick.then_some("--quick");
            let bench = ["bench", "--package", "gateway", "--bench", "compare", "--"];
            cmd!(shell, "cargo {bench...} {quick...}").run()?;
        }
        What::TaskQueue | What::Chat => {
            let package = match what {
                What::Chat => "chat",
                _ => "task-queue",
            };
            let quick = quick.then_some("--quick");
            let rounds = rounds.map(|rounds| format!("--rounds={rounds}"));
            let only = only.iter().flat_map(|name| ["--only", name]);
            cmd!(
                shell,
                "cargo bench --package {package} --bench compare -- {quick...} {rounds...} {only...}"
            )
            .run()?;
        }
    }
    Ok(())
}
