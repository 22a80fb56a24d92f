//! `cargo xtask bench`: what the book says of its own speed, measured again.

use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

#[derive(clap::Args)]
pub struct Options {
    /// What to measure
    what: What,
    /// The task queue and the orders: a tenth of the work, one round, and the tables printed instead of written
    #[arg(long)]
    quick: bool,
    /// The task queue alone: how often everything is measured
    #[arg(long, value_name = "N")]
    rounds: Option<u8>,
    /// The task queue alone: only systems whose names begin so, and the tables printed
    #[arg(long)]
    only: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum What {
    /// Proving the book: cold, warm, and after an edit
    Harness,
    /// Building the site: this one, mdBook and Material for MkDocs; ten times the chapters; an edit
    Site,
    /// The crawler: a frontier of a million addresses, and crawls of 3,000 pages
    Scraper,
    /// The task queue: on Redis and SQLite, and BullMQ, apalis, Sidekiq, arq and Celery
    TaskQueue,
    /// The order service: on SQLite and PostgreSQL, by hand without events, and cqrs-es
    Orders,
    /// The gateway: passing through, with all layers, from its cache; and nginx and HAProxy
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
        !chosen || *what == What::TaskQueue,
        "--rounds and --only are options of task-queue"
    );
    ensure!(
        !quick || matches!(what, What::TaskQueue | What::Orders),
        "--quick is an option of task-queue and orders"
    );
    match what {
        What::Harness => cmd!(shell, "cargo bench --package harness --bench chapters").run()?,
        What::Site => cmd!(shell, "cargo bench --package site --bench builds").run()?,
        What::Scraper => cmd!(shell, "cargo bench --package web-scraper --bench numbers").run()?,
        What::Orders => {
            let quick = quick.then_some("--quick");
            cmd!(
                shell,
                "cargo bench --package orders --bench compare -- {quick...}"
            )
            .run()?;
        }
        What::Gateway => cmd!(shell, "cargo bench --package gateway --bench compare").run()?,
        What::TaskQueue => {
            let quick = quick.then_some("--quick");
            let rounds = rounds.map(|rounds| format!("--rounds={rounds}"));
            let only = only.iter().flat_map(|name| ["--only", name]);
            cmd!(
                shell,
                "cargo bench --package task-queue --bench compare -- {quick...} {rounds...} {only...}"
            )
            .run()?;
        }
    }
    Ok(())
}
